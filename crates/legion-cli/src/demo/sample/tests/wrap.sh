module=wrap
. tests/check.sh
check 'short' 'short'
check 'many hands make light work' 'many hands make
light work'
check 'one two three four five six seven' 'one two three four
five six seven'
verdict
