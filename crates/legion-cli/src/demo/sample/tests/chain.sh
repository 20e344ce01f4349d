module=chain
. tests/check.sh
program='bin/text chain titlecase'
check 'many hands' 'Many Hands'
program='bin/text chain titlecase longest slugify'
check 'many hands make light work' 'hands'
program='bin/text chain titlecase nonsense'
check 'x' 'exit code 2: text: there is no filter `nonsense`'
verdict
