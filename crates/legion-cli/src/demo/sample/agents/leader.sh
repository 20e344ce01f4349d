# The leader: hires two managers, and sums up when both are done. Told to have the rest done, it cuts the rest into tickets.
# Started anew for every message, with the message on standard input. LEGION_CONTINUE is 0 for the first one: the task.
set -eu
managers='counting shaping'
message=$(cat)

if [ "$LEGION_CONTINUE" = 0 ]; then
  for manager in $managers; do
    legion hire "Have the $manager modules written, and see to it that their tests pass." --name "$manager" --role manager \
      --driver command --command "sh agents/manager.sh $manager" > /dev/null
  done
  echo "hired $managers"
  exit 0
fi

# The person wants the rest: seven tickets, of which two are checkpoints. Who works on them, and when, is not our business.
if [ "$LEGION_MESSAGE_KIND" = tell ]; then
  cat > "$TMPDIR/plan.toml" << 'END'
[defaults]
timeout = "1m"

[[ticket]]
id = "text"
title = "One program for all filters"
prompt = "Write bin/text in POSIX shell: `text FILTER` runs lib/FILTER.sh, `text list` names the filters. README.md says more."
command = "sh agents/ticket.sh text"
gate = ["sh tests/text.sh", "sh tests/written.sh"]
files = ["bin/text"]

[[ticket]]
id = "wrap"
title = "The filter wrap"
prompt = "Write lib/wrap.sh: lines of at most 20 columns, broken at blanks."
command = "sh agents/ticket.sh wrap"
gate = ["sh tests/wrap.sh", "sh tests/written.sh"]
files = ["lib/wrap.sh"]

[[ticket]]
id = "frequency"
title = "The filter frequency"
prompt = "Write lib/frequency.sh: each word with how often it is there, the most frequent first."
command = "sh agents/ticket.sh frequency"
gate = ["sh tests/frequency.sh", "sh tests/written.sh"]
files = ["lib/frequency.sh"]

[[ticket]]
id = "filters"
title = "The filters hold together"
checkpoint = true
gate = "sh tests/written.sh"
after = ["text", "wrap", "frequency"]

[[ticket]]
id = "help"
title = "text help"
prompt = "Add `text help` to bin/text: each filter with the comment in its first line."
command = "sh agents/ticket.sh help"
gate = ["sh tests/help.sh", "sh tests/written.sh"]
after = ["filters"]
files = ["bin/text"]

[[ticket]]
id = "chain"
title = "text chain"
prompt = "Add `text chain A B …` to bin/text: runs several filters one after the other."
command = "sh agents/ticket.sh chain"
gate = ["sh tests/chain.sh", "sh tests/written.sh"]
after = ["filters"]
files = ["bin/text"]

[[ticket]]
id = "whole"
title = "The program is whole"
checkpoint = true
gate = "sh tests/whole.sh"
after = ["help", "chain"]
END
  legion run "$TMPDIR/plan.toml" --detach > "$TMPDIR/dispatched"
  echo "cut the rest into $(grep -c '^\[\[ticket\]\]' "$TMPDIR/plan.toml") tickets"
  exit 0
fi

# A report. Those of tickets come from the service, which has tested them on the merged tree: there is nothing to look at again.
case $message in
  *[Tt]icket*) echo 'the tickets are done'; exit 0 ;;
esac

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
