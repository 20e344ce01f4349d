//! `cargo xtask bench`: every bench of the workspace, one after the other, with nothing else running.

use crate::shell;
use crate::workspace::Metadata;
use anyhow::Result;
use std::process::ExitCode;

pub fn run(extra: &[&str]) -> Result<ExitCode> {
    let metadata = Metadata::read()?;
    let benches = benches(&metadata);
    if benches.is_empty() {
        println!("there is no bench");
        return Ok(ExitCode::SUCCESS);
    }
    // Named one by one: a bare `cargo bench` also starts every unit test binary.
    let mut cargo = shell::cargo(&["bench", "--workspace", "--locked"]);
    for bench in &benches {
        cargo.args(["--bench", bench]);
    }
    if !extra.is_empty() {
        cargo.arg("--").args(extra);
    }
    shell::run(&mut cargo)?;
    Ok(ExitCode::SUCCESS)
}

fn benches(metadata: &Metadata) -> Vec<&str> {
    let mut names: Vec<&str> = metadata
        .members()
        .flat_map(|package| &package.targets)
        .filter(|target| target.kind.iter().any(|kind| kind == "bench"))
        .map(|target| target.name.as_str())
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}
