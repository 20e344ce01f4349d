//! Where the pinned agent programs lie that the tests run.
//!
//! `agents/<name>/package.json` in this crate pins each version; `cargo xtask test` installs it into
//! `target/agents/<name>`. Only the native binary is installed: it needs neither node nor install scripts.

use std::path::{Path, PathBuf};

/// The Claude Code versions that the tests run: the oldest and the newest supported one.
pub const CLAUDE_VERSIONS: [&str; 2] = ["2.1.197", "2.1.329"];

/// Set to `1` where nothing may be skipped: a missing program then fails the test.
pub const TEST_ALL: &str = "LEGION_TEST_ALL";

/// Why a test cannot run here. Making one prints `skipped: <reason>`.
#[derive(Debug)]
pub struct Skip {
    pub reason: String,
}

impl Skip {
    /// # Panics
    /// With the reason, when `LEGION_TEST_ALL=1`.
    pub fn new(reason: String) -> Self {
        assert!(
            std::env::var_os(TEST_ALL).is_none_or(|value| value != "1"),
            "must not be skipped ({TEST_ALL}=1): {reason}"
        );
        eprintln!("skipped: {reason}");
        Self { reason }
    }
}

/// Returns the program of Claude Code `version`, or says why the test is skipped.
pub fn claude(version: &str) -> Result<PathBuf, Skip> {
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => return Err(Skip::new(format!("no Claude Code is pinned for {other}"))),
    };
    let program = agents_dir()
        .join(format!("claude-{version}/node_modules/@anthropic-ai"))
        .join(format!("claude-code-linux-{architecture}/claude"));
    if program.is_file() {
        Ok(program)
    } else {
        Err(Skip::new(format!("no `{}`; `cargo xtask test` installs it", program.display())))
    }
}

/// Returns the directory into which the pinned agent programs are installed.
pub fn agents_dir() -> PathBuf {
    target_dir().join("agents")
}

/// Returns cargo's target directory of this workspace.
pub(crate) fn target_dir() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target").components().collect(),
        PathBuf::from,
    )
}
