//! `cargo xtask deny`: licences, sources, bans and advisories of the dependencies, by `deny.toml`.

use crate::setup;
use crate::shell;
use crate::workspace::Metadata;
use anyhow::{Result, bail};
use std::path::Path;
use std::process::ExitCode;

/// Everything, the advisories included: their database is fetched from the network.
pub fn run() -> Result<ExitCode> {
    let metadata = Metadata::read()?;
    setup::install_tools(&metadata.target_directory)?;
    check(&metadata.target_directory, &["advisories", "bans", "licenses", "sources"])?;
    Ok(ExitCode::SUCCESS)
}

/// Runs the named checks with the cargo-deny that is installed. Only `advisories` needs a network.
pub fn check(target: &Path, checks: &[&str]) -> Result<()> {
    let program = setup::cargo_deny(target);
    if !program.is_file() {
        bail!("cargo-deny is missing; `cargo xtask setup` installs it");
    }
    shell::run(shell::command(program).args(["--locked", "check", "--hide-inclusion-graph"]).args(checks))
}
