//! `cargo xtask setup`: what the tests need.

use crate::setup;
use crate::steps::Steps;
use crate::workspace::Metadata;
use anyhow::{Context, Result};
use std::fs::{self, File};
use std::path::Path;
use std::process::ExitCode;

pub fn run() -> Result<ExitCode> {
    let metadata = Metadata::read()?;
    let mut steps = Steps::new();
    steps.run("setup", || install(&metadata.target_directory));
    Ok(if steps.failures().is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Installs what is missing; two of us at once do it one after the other.
pub fn install(target: &Path) -> Result<()> {
    fs::create_dir_all(target).with_context(|| format!("failed to create `{}`", target.display()))?;
    let lock = File::create(target.join("xtask-setup.lock")).context("failed to create the lock of the set-up")?;
    lock.lock().context("failed to lock the set-up")?;
    setup::install_packages()?;
    setup::install_agents(target)?;
    setup::install_tools(target)
}
