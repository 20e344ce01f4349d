//! Where the pinned agent programs lie that the tests run.
//!
//! `agents/<name>/package.json` in this crate pins each version; `cargo xtask test` installs it into
//! `target/agents/<name>`. Only the native binary is installed: it needs neither node nor install scripts.

use std::path::{Path, PathBuf};

/// The Claude Code versions that the tests run: the oldest and the newest supported one.
pub const CLAUDE_VERSIONS: [&str; 2] = ["2.1.197", "2.1.329"];
/// The Codex version that the tests run.
pub const CODEX_VERSION: &str = "0.169.0";
/// The opencode version that the tests run.
pub const OPENCODE_VERSION: &str = "1.18.33";

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
    let architecture = architecture("Claude Code")?;
    installed(
        agents_dir()
            .join(format!("claude-{version}/node_modules/@anthropic-ai"))
            .join(format!("claude-code-linux-{architecture}/claude")),
    )
}

/// Returns the program of Codex, or says why the test is skipped.
pub fn codex() -> Result<PathBuf, Skip> {
    let architecture = architecture("Codex")?;
    installed(
        agents_dir()
            .join(format!("codex-{CODEX_VERSION}/node_modules/@openai/codex-linux-{architecture}"))
            .join(format!("vendor/{}-unknown-linux-musl/bin/codex", std::env::consts::ARCH)),
    )
}

/// Returns the program of opencode, or says why the test is skipped.
pub fn opencode() -> Result<PathBuf, Skip> {
    // The registry has no build of this version for other machines.
    if std::env::consts::ARCH != "x86_64" {
        return Err(Skip::new(format!("no opencode is pinned for {}", std::env::consts::ARCH)));
    }
    let program = format!("opencode-{OPENCODE_VERSION}/node_modules/opencode-linux-x64/bin/opencode");
    installed(agents_dir().join(program))
}

/// Returns this machine's architecture as npm calls it.
fn architecture(agent: &str) -> Result<&'static str, Skip> {
    match std::env::consts::ARCH {
        "x86_64" => Ok("x64"),
        "aarch64" => Ok("arm64"),
        other => Err(Skip::new(format!("no {agent} is pinned for {other}"))),
    }
}

fn installed(program: PathBuf) -> Result<PathBuf, Skip> {
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
