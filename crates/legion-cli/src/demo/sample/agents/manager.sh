# A manager: hires a worker per module, looks at what each of them brings, and sends back what does not pass.
# Started anew for every message, with the message on standard input.
set -eu
manager=$1
case $manager in
  counting) modules='wordcount longest' ;;
  shaping) modules='slugify titlecase' ;;
  *) echo "no such manager: $manager" >&2; exit 2 ;;
esac
message=$(cat)

if [ "$LEGION_CONTINUE" = 0 ]; then
  for module in $modules; do
    legion hire "Write lib/$module.sh so that \`sh tests/$module.sh\` passes. README.md says what it does." \
      --name "$module" --role worker --driver command --command "sh agents/worker.sh $module" --files "tests/$module.sh" > /dev/null
  done
  echo "hired $modules"
  exit 0
fi

# A worker reports: the message names it. See for ourselves what its work is worth.
mkdir -p notes
for module in $modules; do
  case $message in
    *"\`$module\`"*) ;;
    *) continue ;;
  esac
  if sh "tests/$module.sh" > "notes/$module.txt" 2>&1; then
    touch "notes/$module.done"
    echo "accepted $module"
    continue
  fi
  tries=$(cat "notes/$module.tries" 2> /dev/null || echo 0)
  if [ "$tries" -ge 2 ]; then
    echo "gave up on $module after $tries more tries"
    exit 1
  fi
  echo $((tries + 1)) > "notes/$module.tries"
  { echo "Your lib/$module.sh does not pass. Mend it. The test says:"; cat "notes/$module.txt"; } | legion tell "$module" - > /dev/null
  echo "sent $module back: $(tail -n 1 "notes/$module.txt")"
done

for module in $modules; do
  if [ ! -f "notes/$module.done" ]; then
    echo "waiting for $module"
    exit 0
  fi
done
{
  echo "## ${manager}"
  echo
  for module in $modules; do
    echo "- lib/$module.sh, sent back $(cat "notes/$module.tries" 2> /dev/null || echo 0) times, $(tail -n 1 "notes/$module.txt")"
  done
} > "notes/$manager.md"
echo "done: $modules"
