# The whole suite: passes when every module passes.
suite=0
for module in wordcount longest slugify titlecase; do
  sh "tests/$module.sh" || suite=1
done
if [ "$suite" -eq 0 ]; then echo 'all tests pass'; else echo 'some tests fail'; fi
exit "$suite"
