//! The helper, without the rest of `legion`.

fn main() -> std::process::ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    legion_sandbox::confine_main(&arguments, std::env::vars_os())
}
