//! Ignored files that a build needs, copied from the person's directory by rules that the repository holds.

use std::path::Path;

use legion_git::{ClonePlace, Control, CopyIgnoredError, Oid};

use super::failure::{Failure, chain};

/// Where the rules stand. The first that is there counts.
const RULES: [&str; 2] = [".legion/include", ".worktreeinclude"];
/// More is no list of rules.
const RULES_BYTES_MAX: usize = 64 * 1024;

pub(super) async fn copy(control: &Control, base: &Oid, from: &Path, place: &ClonePlace) -> Result<(), Failure> {
    let read = |name: &'static str| control.read_file(base, Path::new(name), RULES_BYTES_MAX);
    let (first, second) = tokio::join!(read(RULES[0]), read(RULES[1]));
    for (name, text) in RULES.iter().zip([first, second]) {
        let Some(text) = text? else { continue };
        let text = String::from_utf8_lossy(&text).into_owned();
        let rules: Vec<String> = text
            .lines()
            .map(str::trim_end)
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .map(str::to_owned)
            .collect();
        if !from.is_dir() || rules.is_empty() {
            return Ok(());
        }
        let copied = control.copy_ignored(from, place, &rules).await.map_err(|error| {
            let why = format!("files named by `{name}` were not copied: {}", chain(&error));
            Failure { fatal: matches!(error, CopyIgnoredError::TooMuch { .. }), ..Failure::passing(why) }
        })?;
        tracing::debug!(?copied, dir = %place.dir().display(), "ignored files were copied");
        return Ok(());
    }
    Ok(())
}
