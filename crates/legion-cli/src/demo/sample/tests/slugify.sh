module=slugify
. tests/check.sh
check 'hello' 'hello'
check 'Hello World' 'hello-world'
check 'Hello,  World!' 'hello-world'
check '  --- Rust 2024 --- ' 'rust-2024'
verdict
