# Sourced by the tests: counts what passes, and shows what does not.
passed=0
failed=0
program=lib/$module.sh

# check INPUT EXPECTED: the program of this test must turn the one into the other.
check() {
  actual=$(printf '%s\n' "$1" | sh $program 2>&1) || actual="exit code $?: $actual"
  if [ "$actual" = "$2" ]; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    printf 'not ok %s: input "%s" expected "%s" got "%s"\n' "$module" "$1" "$2" "$actual"
  fi
}

# check_line EXPECTED: one of the lines that the program prints must begin so.
check_line() {
  if sh $program < /dev/null 2>&1 | grep -q "^$1"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    printf 'not ok %s: expected a line that begins with "%s"\n' "$module" "$1"
  fi
}

# The last line of every test.
verdict() {
  if [ "$failed" -gt 0 ]; then
    echo "$module: $failed of $((passed + failed)) checks failed"
    exit 1
  fi
  echo "$module: $passed checks passed"
}
