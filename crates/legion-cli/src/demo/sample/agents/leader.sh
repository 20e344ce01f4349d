# The leader: hires two managers, and sums up when both are done.
# Started anew for every message, with the message on standard input. LEGION_CONTINUE is 0 for the first one: the task.
set -eu
managers='counting shaping'
cat > /dev/null

if [ "$LEGION_CONTINUE" = 0 ]; then
  for manager in $managers; do
    legion hire "Have the $manager modules written, and see to it that their tests pass." --name "$manager" --role manager \
      --driver command --command "sh agents/manager.sh $manager" > /dev/null
  done
  echo "hired $managers"
  exit 0
fi

# A manager reports. One that is done has left its notes.
for manager in $managers; do
  if [ ! -f "notes/$manager.md" ]; then
    echo "waiting for $manager"
    exit 0
  fi
done

# Both are done. Their word is good, a run of the whole suite is better.
if sh tests/all.sh > notes/suite.txt 2>&1; then code=0; else code=1; fi
{
  echo '# Summary'
  for manager in $managers; do
    echo
    cat "notes/$manager.md"
  done
  echo
  echo '## Test suite'
  echo
  sed 's/^/    /' notes/suite.txt
} > SUMMARY.md
tail -n 1 notes/suite.txt
exit "$code"
