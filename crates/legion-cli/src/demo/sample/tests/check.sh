# Sourced by the tests: counts what passes, and shows what does not.
passed=0
failed=0

# check INPUT EXPECTED: the module of this test must turn the one into the other.
check() {
  actual=$(printf '%s\n' "$1" | sh "lib/$module.sh" 2>&1) || actual="exit code $?: $actual"
  if [ "$actual" = "$2" ]; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    printf 'not ok %s: input "%s" expected "%s" got "%s"\n' "$module" "$1" "$2" "$actual"
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
