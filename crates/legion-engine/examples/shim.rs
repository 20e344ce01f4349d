//! The shim alone, for the engine's own tests: they need a program to start, and the `legion` binary stands above them.
use std::process::ExitCode;

fn main() -> ExitCode {
    legion_process::shim_main()
}
