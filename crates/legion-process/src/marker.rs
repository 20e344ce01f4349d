//! The marker that says "the program was started": made by the child itself, immediately before
//! it turns into the program, so that the answer is known whenever the shim may be killed.

use std::ffi::CStr;
use std::path::Path;

/// The marker's name inside the process's directory.
pub(crate) const MARKER: &CStr = c"started";

/// Whether the program of the process in `directory` may ever have run.
///
/// `false` is certain: it never ran and may be started. `true` means that it must never be
/// started again, even if it was killed before its first instruction.
pub fn was_started(directory: &Path) -> bool {
    let name = MARKER.to_str().expect("the name is ASCII");
    // Anything but a clear "not there" counts as started: the safe answer.
    !matches!(
        std::fs::symlink_metadata(directory.join(name)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound
    )
}
