//! The `legion` binary: the composition root.
#![forbid(unsafe_code)]

mod claude_code;
mod doctor;
mod error_chain;
mod gateway;
mod held;
mod hooks;
mod listen;
mod log_file;
mod probe;
mod service;
mod started;

use std::process::ExitCode;

fn main() -> ExitCode {
    // Before anything else: what holds an agent program has one thread and nothing open.
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    if legion_sandbox::is_confine(&arguments) {
        return legion_sandbox::confine_main(&arguments, std::env::vars_os());
    }
    let environment = legion_runtime::Environment::of_process();
    let variables = environment.all().iter().map(|(name, value)| (name.into(), value.into()));
    let current_dir = std::env::current_dir().unwrap_or_default();
    let for_cli = legion_cli::Environment::new(variables, current_dir);
    legion_cli::main(&hooks::Composition { environment: &environment }, std::env::args_os(), &for_cli)
}
