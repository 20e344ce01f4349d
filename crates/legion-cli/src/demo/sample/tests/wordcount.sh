module=wordcount
. tests/check.sh
check 'one' '1'
check 'many hands make light work' '5'
check '  blanks   do not   count  ' '4'
check '' '0'
verdict
