module=frequency
. tests/check.sh
check 'a' '1 a'
check 'b a b c b a' '3 b
2 a
1 c'
verdict
