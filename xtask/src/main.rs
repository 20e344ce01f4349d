//! Automation of the workspace: `cargo xtask COMMAND`. Everything a developer or a build machine does besides `cargo build` is a
//! command here, so that both do the same.
#![forbid(unsafe_code)]

mod arrows;
mod commands;
mod setup;
mod shell;
mod steps;
mod tidy;
mod workspace;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  test [--quick]         install what is missing, then run every check; --quick installs nothing
  setup                  only install what is missing
  tidy                   the rules of the sources that no compiler knows
  deny                   licences, sources, bans and security advisories of the dependencies (the last need a network)
  soak [NEXTEST ARGS]    the long forms of the tests whose name contains `soak`
  bench [BENCH ARGS]     every bench, one after the other
  openapi [--check]      write docs/openapi.json from the binary; --check only compares
  prices FILE VERSION DATE
                         write the gateway's table of prices from the one of the PyPI package `litellm`
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> anyhow::Result<ExitCode> {
    let Some((command, rest)) = arguments.split_first() else {
        eprint!("{USAGE}");
        return Ok(ExitCode::from(2));
    };
    let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
    match (command.as_str(), rest.as_slice()) {
        ("test", []) => commands::test::run(commands::test::Extent::Full),
        ("test", ["--quick"]) => commands::test::run(commands::test::Extent::Quick),
        ("setup", []) => commands::setup::run(),
        ("tidy", []) => commands::tidy::run(),
        ("deny", []) => commands::deny::run(),
        ("soak", extra) => commands::soak::run(extra),
        ("bench", extra) => commands::bench::run(extra),
        ("openapi", []) => commands::openapi::run(commands::openapi::Mode::Write),
        ("openapi", ["--check"]) => commands::openapi::run(commands::openapi::Mode::Check),
        ("prices", [file, version, date]) => commands::prices::run(file, version, date),
        ("help" | "--help" | "-h", _) => {
            print!("{USAGE}");
            Ok(ExitCode::SUCCESS)
        }
        _ => {
            eprintln!("error: unknown command `{}`", arguments.join(" "));
            eprint!("{USAGE}");
            Ok(ExitCode::from(2))
        }
    }
}
