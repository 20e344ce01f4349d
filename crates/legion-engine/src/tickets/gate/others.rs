//! Gates that nobody waits for any more: a service that was killed may have left one in the directory.

use std::path::PathBuf;

use legion_process::{ProcessState, process_state, sweep};
use uuid::Uuid;

use crate::tickets::site::Site;

/// Runs whose transcripts are kept.
const RUNS_KEPT: usize = 200;

/// Ends every gate of the project but `own`, and forgets the oldest transcripts. Blocks.
pub(super) fn end_others(site: &Site, own: Uuid) {
    let mut kept: Vec<(std::time::SystemTime, PathBuf)> = Vec::new();
    for entry in std::fs::read_dir(site.ground.gate_runs()).into_iter().flatten().flatten() {
        let path = entry.path();
        let Some(id) = entry.file_name().to_str().and_then(|name| Uuid::parse_str(name).ok()) else { continue };
        if id == own {
            continue;
        }
        if matches!(process_state(&path), Ok(ProcessState::Held)) {
            // Its shim ends by itself when its program is gone.
            let report = sweep(id);
            // One that is not empty yet stays: its name is of no use to anybody else.
            let _ = site.inner.containment.resources.group(&id.to_string()).remove();
            tracing::warn!(run = %id, ?report, "a gate that nobody waits for was ended");
        }
        let at = entry.metadata().and_then(|metadata| metadata.modified());
        kept.push((at.unwrap_or(std::time::UNIX_EPOCH), path));
    }
    kept.sort();
    let surplus = kept.len().saturating_sub(RUNS_KEPT);
    for (_, path) in &kept[..surplus] {
        if let Err(error) = std::fs::remove_dir_all(path) {
            tracing::warn!(path = %path.display(), %error, "an old gate run was not removed");
        }
    }
}
