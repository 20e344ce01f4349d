//! The shim alone, for the server's own tests: agents need a program that starts them, and the `legion` binary stands above this crate.
use std::process::ExitCode;

fn main() -> ExitCode {
    legion_process::shim_main()
}
