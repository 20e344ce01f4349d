//! Files of a repository that configure agent programs: what they say is somebody else's word, unless the person trusted it.

use std::fs;
use std::path::{Path, PathBuf};

use legion_model::Tier;
use legion_sandbox::Placeholder;

use super::trust::Trusted;

/// Relative to the working directory. Each could execute programs, widen rights, or lead an agent elsewhere.
pub(super) const NAMES: [&str; 5] =
    [".claude/settings.json", ".claude/settings.local.json", ".codex", ".mcp.json", ".env"];
/// A directory that some of them lie in, and other things too.
const SHARED_DIRECTORY: &str = ".claude";

/// What becomes of them in one directory.
pub(super) struct Masks {
    /// They look empty.
    pub masked: Vec<PathBuf>,
    /// They can be read and, being trusted as they are, not changed.
    pub fixed: Vec<PathBuf>,
}

pub(super) fn masks(cwd: &Path, trusted: &Trusted) -> Masks {
    let mut masks = Masks { masked: Vec::new(), fixed: Vec::new() };
    for name in NAMES {
        let path = cwd.join(name);
        if trusted.holds(name, &path) {
            // A link above it leads to what was trusted.
            masks.fixed.push(path.canonicalize().unwrap_or(path));
        } else {
            masks.masked.push(path);
        }
    }
    let shared = cwd.join(SHARED_DIRECTORY);
    if fs::symlink_metadata(&shared).is_ok_and(|found| found.is_file()) {
        // Or a directory could be made in its place.
        masks.fixed.push(shared);
    }
    masks
}

/// Links among them: what they lead to looks empty, but an agent can lead them elsewhere.
pub(super) fn links(cwd: &Path) -> Vec<&'static str> {
    let is_link = |name: &&str| fs::symlink_metadata(cwd.join(name)).is_ok_and(|found| found.is_symlink());
    [SHARED_DIRECTORY].into_iter().chain(NAMES).filter(is_link).collect()
}

/// What keeps those that are not there from being made: what lies above comes first.
pub(super) fn placeholders(cwd: &Path) -> Vec<(PathBuf, Placeholder)> {
    [SHARED_DIRECTORY].into_iter().chain(NAMES).map(|name| (cwd.join(name), Placeholder::Directory)).collect()
}

/// Names that git in a clone leaves alone when agents work in this tier: they look empty there, and are not empty.
pub(crate) fn hidden_in_clones(tier: Tier) -> Vec<PathBuf> {
    if tier == Tier::Full { NAMES.into_iter().map(PathBuf::from).collect() } else { Vec::new() }
}
