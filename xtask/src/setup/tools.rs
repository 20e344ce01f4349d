//! Cargo's own helpers. They compile for minutes, so they are only installed when missing.

use crate::shell;
use anyhow::Result;
use std::path::{Path, PathBuf};

const NEXTEST_VERSION: &str = "0.9.143";
const DENY_VERSION: &str = "0.20.2";
/// Registries fail now and then; more than this is an outage.
const ATTEMPTS: u32 = 3;

/// Installs cargo-nextest and cargo-deny where they are missing.
pub fn install_tools(target: &Path) -> Result<()> {
    if nextest_is_installed() {
        println!("cargo-nextest: is there");
    } else {
        println!("cargo-nextest: installing {NEXTEST_VERSION}");
        let crate_version = format!("cargo-nextest@{NEXTEST_VERSION}");
        shell::run_retried(ATTEMPTS, || shell::cargo(&["install", "--locked", &crate_version]))?;
    }
    if cargo_deny(target).is_file() {
        println!("cargo-deny: is there");
    } else {
        println!("cargo-deny: installing {DENY_VERSION}");
        let crate_version = format!("cargo-deny@{DENY_VERSION}");
        let tools = tools(target);
        shell::run_retried(ATTEMPTS, || {
            let mut install = shell::cargo(&["install", "--locked", &crate_version, "--root"]);
            install.arg(&tools);
            install
        })?;
    }
    Ok(())
}

pub fn nextest_is_installed() -> bool {
    shell::succeeds(&mut shell::cargo(&["nextest", "--version"]))
}

/// Where our cargo-deny lies, whether it is installed or not. A new version is a new folder.
pub fn cargo_deny(target: &Path) -> PathBuf {
    tools(target).join("bin").join("cargo-deny")
}

fn tools(target: &Path) -> PathBuf {
    target.join("tools").join(format!("deny-{DENY_VERSION}"))
}
