//! `cargo xtask soak`: the long forms of the tests whose name contains `soak`. They choose their sizes by `LEGION_SOAK`.

use crate::commands;
use crate::shell;
use crate::workspace::Metadata;
use anyhow::Result;
use std::process::ExitCode;

pub fn run(extra: &[&str]) -> Result<ExitCode> {
    let metadata = Metadata::read()?;
    commands::setup::install(&metadata.target_directory)?;
    shell::run(&mut shell::cargo(&["build", "--workspace", "--bins", "--locked"]))?;
    // What each test prints is the report of the soak, so nothing is captured away when it passes.
    let mut nextest = shell::cargo(&["nextest", "run", "--workspace", "--locked", "--profile", "soak"]);
    nextest.args(["--success-output", "final", "-E", "test(soak)"]);
    nextest.args(extra).env("LEGION_SOAK", "1").env("LEGION_TEST_ALL", "1");
    shell::run(&mut nextest)?;
    Ok(ExitCode::SUCCESS)
}
