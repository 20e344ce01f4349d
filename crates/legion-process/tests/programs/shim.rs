//! `legion shim`, without the rest of `legion`.

fn main() -> std::process::ExitCode {
    legion_process::shim_main()
}
