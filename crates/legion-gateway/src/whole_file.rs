//! Small files that are there whole or not at all.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

/// Nobody else reads what the gateway keeps.
const FILE_MODE: u32 = 0o600;

/// Replaces the file at `path` in one step, and durably: a crash leaves the old one or the new one, never half of one.
///
/// # Errors
/// When the file system refuses; then the old file is as it was.
pub(crate) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let temporary = path.with_extension("tmp");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(FILE_MODE).open(&temporary)?;
    // The mode of `open` holds for new files only.
    file.set_permissions(Permissions::from_mode(FILE_MODE))?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&temporary, path)
}
