//! Where a process keeps its files.

use std::path::{Path, PathBuf};

/// Returns the transcript of the process in `directory`.
pub fn transcript_path(directory: &Path) -> PathBuf {
    directory.join("transcript")
}

/// Returns the file whose lock the shim of this process holds while it lives.
pub(crate) fn lock_path(directory: &Path) -> PathBuf {
    directory.join("lock")
}
