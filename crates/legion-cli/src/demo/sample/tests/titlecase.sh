module=titlecase
. tests/check.sh
check 'hello' 'Hello'
check 'many hands make light work' 'Many Hands Make Light Work'
check 'UPPER lower' 'Upper Lower'
verdict
