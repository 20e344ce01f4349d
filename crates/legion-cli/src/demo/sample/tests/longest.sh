module=longest
. tests/check.sh
check 'one' 'one'
check 'many hands make light work' 'hands'
check 'a bb ccc bb a' 'ccc'
verdict
