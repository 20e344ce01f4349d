//! Agent programs at pinned versions, from npm: one folder with a lock file for each under `crates/legion-testkit/agents`,
//! installed into `target/agents`.

use crate::shell;
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};

const MANIFESTS: &str = "crates/legion-testkit/agents";
const FILES: [&str; 2] = ["package.json", "package-lock.json"];
/// A copy of the lock file, written when the installation was complete.
const STAMP: &str = "installed-package-lock.json";
/// Registries fail now and then; more than this is an outage.
const ATTEMPTS: u32 = 3;

/// Installs every agent program whose lock file has changed since it was installed.
pub fn install_agents(target: &Path) -> Result<()> {
    for source in manifests(&shell::root().join(MANIFESTS))? {
        let name = source.file_name().context("a folder has a name")?;
        let destination = target.join("agents").join(name);
        if is_current(&source, &destination) {
            println!("agent program {}: is there", name.display());
            continue;
        }
        println!("agent program {}: installing", name.display());
        install(&source, &destination)
            .with_context(|| format!("failed to install the agent program {}", name.display()))?;
    }
    Ok(())
}

/// The folders that hold both files.
fn manifests(directory: &Path) -> Result<Vec<PathBuf>> {
    if !directory.is_dir() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).with_context(|| format!("failed to read `{}`", directory.display()))? {
        let path = entry?.path();
        if FILES.iter().all(|file| path.join(file).is_file()) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn is_current(source: &Path, destination: &Path) -> bool {
    match (fs::read(source.join(FILES[1])), fs::read(destination.join(STAMP))) {
        (Ok(wanted), Ok(installed)) => wanted == installed && destination.join("node_modules").is_dir(),
        _ => false,
    }
}

fn install(source: &Path, destination: &Path) -> Result<()> {
    fs::create_dir_all(destination)?;
    let stamp = destination.join(STAMP);
    if stamp.exists() {
        fs::remove_file(&stamp)?;
    }
    for file in FILES {
        fs::copy(source.join(file), destination.join(file))?;
    }
    // No script of a package runs: tests start the programs themselves, by their paths.
    shell::run_retried(ATTEMPTS, || {
        let mut npm = shell::command("npm");
        npm.current_dir(destination).args([
            "ci",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--fetch-timeout=60000",
            "--fetch-retries=3",
        ]);
        npm
    })?;
    fs::copy(source.join(FILES[1]), &stamp)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_installation_is_current_only_with_the_same_lock_file_and_its_modules() {
        let scratch = std::env::temp_dir().join(format!("xtask-agents-{}", std::process::id()));
        let (source, destination) = (scratch.join("source"), scratch.join("destination"));
        fs::create_dir_all(&source).expect("scratch");
        fs::create_dir_all(destination.join("node_modules")).expect("scratch");
        fs::write(source.join("package-lock.json"), "1").expect("scratch");
        assert!(!is_current(&source, &destination), "no stamp");
        fs::write(destination.join(STAMP), "1").expect("scratch");
        assert!(is_current(&source, &destination));
        fs::write(source.join("package-lock.json"), "2").expect("scratch");
        assert!(!is_current(&source, &destination), "another lock file");
        fs::remove_dir_all(&scratch).expect("scratch");
    }
}
