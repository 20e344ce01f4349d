module=text
. tests/check.sh
program='bin/text wordcount'
check 'many hands make light work' '5'
program='bin/text slugify'
check 'Hello,  World!' 'hello-world'
program='bin/text nonsense'
check '' 'exit code 2: text: there is no filter `nonsense`'
program='bin/text list'
for filter in longest slugify titlecase wordcount; do
  check_line "$filter\$"
done
verdict
