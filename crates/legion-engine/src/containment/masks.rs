//! Files of a repository that configure agent programs: what they say is somebody else's word, unless the person trusted it.

use std::path::{Path, PathBuf};

use super::trust::Trusted;

/// Relative to the working directory. Each could execute programs, widen rights, or lead an agent elsewhere.
pub(super) const NAMES: [&str; 5] =
    [".claude/settings.json", ".claude/settings.local.json", ".codex", ".mcp.json", ".env"];

/// What shall look empty to an agent in `cwd`. What is not there yet is named too: it may be there by the next start.
pub(super) fn masked(cwd: &Path, trusted: &Trusted) -> Vec<PathBuf> {
    let untrusted = |name: &&&str| !trusted.holds(name, &cwd.join(name));
    NAMES.iter().filter(untrusted).map(|name| cwd.join(name)).collect()
}
