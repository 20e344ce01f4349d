module=help
. tests/check.sh
program='bin/text help'
for filter in longest slugify titlecase wordcount; do
  check_line "$filter  *[A-Z]"
done
verdict
