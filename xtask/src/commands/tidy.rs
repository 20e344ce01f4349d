//! `cargo xtask tidy`: the rules of the sources that no compiler knows.

use crate::tidy;
use crate::workspace::Metadata;
use anyhow::{Result, bail};
use std::process::ExitCode;

pub fn run() -> Result<ExitCode> {
    check()?;
    Ok(ExitCode::SUCCESS)
}

/// Prints every finding; fails when there is one.
pub fn check() -> Result<()> {
    let report = tidy::inspect(&Metadata::read()?)?;
    for line in &report.information {
        println!("{line}");
    }
    for finding in &report.findings {
        println!("{finding}");
    }
    match report.findings.len() {
        0 => Ok(()),
        1 => bail!("1 finding"),
        count => bail!("{count} findings"),
    }
}
