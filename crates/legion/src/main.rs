//! The `legion` binary.
fn main() {}
