# The program is whole: every test passes, and none is left out.
suite=0
for module in wordcount longest slugify titlecase text wrap frequency help chain; do
  sh "tests/$module.sh" || suite=1
done
if [ "$suite" -eq 0 ]; then echo 'the program is whole'; else echo 'some tests fail'; fi
exit "$suite"
