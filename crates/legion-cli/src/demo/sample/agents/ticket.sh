# A worker on a ticket: does one piece of the program in the clone that it stands in. Told that its gate failed, it reads what the gate
# printed; told of a conflict, it merges the newest target and does its piece again on top of that.
# Started anew for every message, with the message on standard input. What it leaves in the clone is committed by the service.
set -eu
piece=$1
message=$(cat)

echo "reads the ticket"
sleep 1
mkdir -p lib bin

# A branch of the program's `case`, from standard input, in front of the one for filters.
branch() {
  cat > "$TMPDIR/branch"
  if grep -q "^  $piece)" bin/text; then
    return
  fi
  awk 'FNR == NR { branch = branch $0 "\n"; next } /^  \*\)$/ { printf "%s", branch } { print }' "$TMPDIR/branch" bin/text > "$TMPDIR/text"
  cp "$TMPDIR/text" bin/text
}

# Our work merged with the newest target, which the message names. Where both changed the same lines the target's are taken: ours are
# added again below.
take_newest() {
  target=$(printf '%s\n' "$reason" | sed -n 's/.*`git merge \([^`]*\)`.*/\1/p' | head -n 1)
  echo "merges $target"
  git add --all
  git diff --cached --quiet || git commit --quiet --message "$piece"
  if ! git merge --quiet --no-edit "$target" > "$TMPDIR/merge" 2>&1; then
    git checkout --quiet --theirs bin/text
    git add bin/text
    git commit --quiet --no-edit
  fi
}

# What went wrong before stands at the end of the message.
reason=$(printf '%s\n' "$message" | sed -n '/^## What happened/,$p')
case $reason in
  *'<<<<<<<'*) take_newest ;;
esac

case $piece in
  text)
    echo 'writes bin/text'
    cat > bin/text << 'END'
# text FILTER: runs one of the filters in lib on standard input.
set -eu
lib=$(dirname "$0")/../lib
case ${1-} in
  list)
    for filter in "$lib"/*.sh; do basename "$filter" .sh; done
    ;;
  *)
    if [ ! -f "$lib/${1-}.sh" ]; then
      echo "text: there is no filter \`${1-}\`" >&2
      exit 2
    fi
    sh "$lib/$1.sh"
    ;;
esac
END
    ;;
  wrap)
    case $reason in
      *'not ok wrap'*)
        # The gate showed words that are cut in two.
        echo 'the gate shows broken words: breaks at blanks'
        cat > lib/wrap.sh << 'END'
# Breaks lines at blanks, so that none is longer than 20 columns.
fold -s -w 20 | sed 's/ *$//'
END
        ;;
      *)
        # The obvious solution, not tried out.
        echo 'writes lib/wrap.sh'
        cat > lib/wrap.sh << 'END'
# Breaks lines so that none is longer than 20 columns.
fold -w 20
END
        ;;
    esac
    ;;
  frequency)
    echo 'writes lib/frequency.sh'
    sleep 1
    cat > lib/frequency.sh << 'END'
# Prints each word with how often it is there, the most frequent first.
tr -s ' ' '\n' | sort | uniq -c | sort -k 1,1nr -k 2 | sed 's/^ *//'
END
    ;;
  help)
    echo 'adds text help'
    branch << 'END'
  help)
    for filter in "$lib"/*.sh; do
      printf '%-10s %s\n' "$(basename "$filter" .sh)" "$(sed -n '1s/^# //p' "$filter")"
    done
    ;;
END
    ;;
  chain)
    echo 'adds text chain'
    sleep 1
    branch << 'END'
  chain)
    shift
    text=$(cat)
    for filter; do
      text=$(printf '%s\n' "$text" | sh "$0" "$filter")
    done
    printf '%s\n' "$text"
    ;;
END
    ;;
  *) echo "no such piece: $piece" >&2; exit 2 ;;
esac
echo "done: $piece"
