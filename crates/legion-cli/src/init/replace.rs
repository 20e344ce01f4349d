//! Replaces a file as a whole or not at all.

use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use super::error::InitFault;
use super::target::{Target, bytes_now};

/// What a new file's mode is before the user's mask.
const NEW_MODE: u32 = 0o666;

/// Puts `new` in the place of what the target held when it was looked at. Keeps the file's mode, and its owner where that is allowed.
pub(super) fn replace(target: &Target, new: &[u8]) -> Result<(), InitFault> {
    let failed = |source| InitFault::Write { path: target.name.clone(), source };
    let directory = target.place.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(directory).map_err(failed)?;
    let mut file = tempfile::Builder::new()
        .prefix(".legion-init-")
        .permissions(Permissions::from_mode(NEW_MODE))
        .tempfile_in(directory)
        .map_err(failed)?;
    write(file.as_file_mut(), new, target).map_err(failed)?;
    if bytes_now(&target.place).map_err(failed)? != target.old.as_ref().map(|old| old.bytes.clone()) {
        return Err(InitFault::Changed { path: target.name.clone() });
    }
    file.persist(&target.place).map_err(|error| failed(error.error))?;
    Ok(())
}

fn write(file: &mut fs::File, new: &[u8], target: &Target) -> io::Result<()> {
    file.write_all(new)?;
    if let Some(old) = &target.old {
        let made = file.metadata()?;
        if (made.uid(), made.gid()) != (old.metadata.uid(), old.metadata.gid()) {
            // Only root may give files away; in a shared repository the new file simply belongs to whoever made it.
            let _ = std::os::unix::fs::fchown(&*file, Some(old.metadata.uid()), Some(old.metadata.gid()));
        }
        // After the owner: a change of owner takes bits away.
        file.set_permissions(Permissions::from_mode(old.metadata.mode() & 0o7777))?;
    }
    file.sync_all()
}
