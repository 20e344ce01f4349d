//! Debian packages that tests need, by apt-get.

use crate::shell;
use anyhow::{Result, bail};

struct Needed {
    package: &'static str,
    /// A program of the package: how it is found where there is no dpkg.
    program: &'static str,
}

/// What tests start besides our own binary.
const PACKAGES: &[Needed] = &[
    Needed { package: "bubblewrap", program: "bwrap" },
    Needed { package: "git", program: "git" },
    Needed { package: "procps", program: "ps" },
    Needed { package: "tmux", program: "tmux" },
];

/// Mirrors fail now and then; more than this is an outage.
const ATTEMPTS: u32 = 3;

/// Installs the packages that are missing, as root or by sudo.
pub fn install_packages() -> Result<()> {
    let missing: Vec<&str> =
        PACKAGES.iter().filter(|needed| !is_installed(needed)).map(|needed| needed.package).collect();
    if missing.is_empty() {
        println!("Debian packages: all {} are there", PACKAGES.len());
        return Ok(());
    }
    let list = missing.join(" ");
    if shell::find_program("apt-get").is_none() {
        bail!("missing: {list}, and this machine has no apt-get; install them with its package manager");
    }
    let Some(prefix) = privilege() else {
        bail!("missing: {list}; we are not root and there is no sudo. Run as root: apt-get install {list}");
    };
    println!("Debian packages: installing {list}");
    shell::run_retried(ATTEMPTS, || apt_get(prefix, &["update"]))?;
    let mut arguments = vec!["install", "--yes", "--no-install-recommends"];
    arguments.extend(&missing);
    shell::run_retried(ATTEMPTS, || apt_get(prefix, &arguments))
}

fn is_installed(needed: &Needed) -> bool {
    if shell::find_program("dpkg-query").is_none() {
        return shell::find_program(needed.program).is_some();
    }
    shell::output(shell::command("dpkg-query").args(["--show", "--showformat=${db:Status-Status}", needed.package]))
        .is_ok_and(|status| status == "installed")
}

/// What stands before a command that needs root; nothing when we are root, `None` when we cannot become it.
fn privilege() -> Option<&'static [&'static str]> {
    let root = shell::output(shell::command("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    if root {
        return Some(&["env"]);
    }
    // `-n`: a build machine has nobody who could type a password.
    let sudo = shell::find_program("sudo").is_some() && shell::succeeds(shell::command("sudo").args(["-n", "true"]));
    sudo.then_some(&["sudo", "-n", "env"])
}

fn apt_get(prefix: &[&str], arguments: &[&str]) -> std::process::Command {
    let mut command = shell::command(prefix[0]);
    command
        .args(&prefix[1..])
        .args(["DEBIAN_FRONTEND=noninteractive", "apt-get", "--quiet"])
        .args(["-o", "Acquire::Retries=3", "-o", "Acquire::http::Timeout=30", "-o", "DPkg::Lock::Timeout=120"])
        .args(arguments);
    command
}
