//! `cargo xtask test`: all checks, the tests last, so that their summary ends the output.

use crate::commands;
use crate::setup;
use crate::shell;
use crate::steps::Steps;
use crate::workspace::Metadata;
use anyhow::{Result, bail};
use std::process::ExitCode;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Everything, with installation first.
    Full,
    /// Format, tidy, clippy and tests, with what is already installed.
    Quick,
}

pub fn run(extent: Extent) -> Result<ExitCode> {
    let metadata = Metadata::read()?;
    let target = &metadata.target_directory;
    let mut steps = Steps::new();
    if extent == Extent::Full {
        steps.run("setup", || commands::setup::install(target));
    }
    steps.run("format", || shell::run(&mut shell::cargo(&["fmt", "--all", "--", "--check"])));
    steps.run("tidy", commands::tidy::check);
    steps.run("clippy", || {
        shell::run(&mut shell::cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]))
    });
    if extent == Extent::Full {
        steps.run("documentation", document);
        steps.run("documentation examples", || {
            shell::run(&mut shell::cargo(&["test", "--doc", "--workspace", "--locked", "--quiet"]))
        });
        steps.run("dependencies", || commands::deny::check(target, &["bans", "licenses", "sources"]));
    }
    let built = steps.run("build", || shell::run(&mut shell::cargo(&["build", "--workspace", "--bins", "--locked"])));
    if built {
        steps.print_times();
        steps.run_last("tests", test);
    }
    let failures = steps.failures();
    if failures.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    println!("\n=== failed");
    for failure in failures {
        println!("{failure}");
    }
    Ok(ExitCode::FAILURE)
}

fn document() -> Result<()> {
    shell::run(shell::cargo(&["doc", "--workspace", "--no-deps", "--locked"]).env("RUSTDOCFLAGS", "-D warnings"))
}

fn test() -> Result<()> {
    if !setup::nextest_is_installed() {
        bail!("cargo-nextest is missing; `cargo xtask setup` installs it");
    }
    let mut nextest = shell::cargo(&["nextest", "run", "--workspace", "--locked"]);
    if is_build_machine(std::env::var("CI").ok().as_deref()) {
        // A test that finds something missing fails then instead of being skipped.
        nextest.env("LEGION_TEST_ALL", "1");
    }
    shell::run(&mut nextest)
}

fn is_build_machine(variable: Option<&str>) -> bool {
    !matches!(variable, None | Some("" | "0" | "false"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_machine_says_so_in_its_environment() {
        assert!(is_build_machine(Some("true")));
        assert!(is_build_machine(Some("1")));
        assert!(!is_build_machine(Some("false")));
        assert!(!is_build_machine(None));
    }
}
