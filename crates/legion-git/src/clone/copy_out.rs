//! Private copies of an agent's files. Git opens a file by its path and follows links above it, and what still lives in the clone can put one
//! there between git's look and git's opening: so it would read, as we, what the agent may not.

use std::ffi::OsStr;
use std::fs::{self, File, Permissions};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, FileType, readlinkat, statat};

use crate::clone::note::{LeftOut, Note};
use crate::file_system::{open_directory, open_directory_beneath, open_file_beneath};

/// What git looks at in the mode of a file.
const EXECUTABLE: u32 = 0o100;

/// What was copied, and what could not be.
#[derive(Default)]
pub(crate) struct CopiedOut {
    pub paths: Vec<PathBuf>,
    pub notes: Vec<Note>,
}

/// Copies files and links, no component of whose paths may be a link, from below `root` to below `private`, a directory of ours. Those that
/// are gone, or lie beyond a link by now, are left out.
///
/// # Errors
/// When a copy cannot be written.
pub(crate) fn copy_out(root: &Path, private: &Path, paths: Vec<PathBuf>) -> io::Result<CopiedOut> {
    fs::create_dir(private)?;
    let directory = open_directory(root)?;
    let mut copied = CopiedOut::default();
    // Paths come in order: those of a directory one after the other.
    let mut parent: Option<(PathBuf, Option<OwnedFd>)> = None;
    for path in paths {
        let above = path.parent().unwrap_or(Path::new(""));
        if parent.as_ref().is_none_or(|(known, _)| known != above) {
            let opened = open_directory_beneath(&directory, above).ok();
            if opened.is_some() {
                fs::create_dir_all(private.join(above))?;
            }
            parent = Some((above.to_owned(), opened));
        }
        let opened = parent.as_ref().and_then(|(_, opened)| opened.as_ref());
        let (Some(opened), Some(name)) = (opened, path.file_name().map(Path::new)) else { continue };
        match one(opened, name, &private.join(&path)) {
            Ok(true) => copied.paths.push(path),
            Ok(false) => {}
            Err(Failed::Read) => copied.notes.push(Note::LeftOut { path, why: LeftOut::Unreadable }),
            Err(Failed::Write(error)) => return Err(error),
        }
    }
    Ok(copied)
}

enum Failed {
    Read,
    Write(io::Error),
}

/// Copies one. False when it is gone, or is neither a file nor a link.
fn one(parent: impl AsFd, name: &Path, to: &Path) -> Result<bool, Failed> {
    let Ok(found) = statat(&parent, name, AtFlags::SYMLINK_NOFOLLOW) else { return Ok(false) };
    match FileType::from_raw_mode(found.st_mode) {
        FileType::RegularFile => {}
        FileType::Symlink => {
            let Ok(target) = readlinkat(&parent, name, Vec::new()) else { return Ok(false) };
            symlink(OsStr::from_bytes(target.as_bytes()), to).map_err(Failed::Write)?;
            return Ok(true);
        }
        _ => return Ok(false),
    }
    let mut from = match open_file_beneath(&parent, name) {
        Ok(from) => from,
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Err(Failed::Read),
        // Another thing by now.
        Err(_) => return Ok(false),
    };
    let mode = from.metadata().map_err(|_| Failed::Read)?.permissions().mode();
    let mut copy = File::create_new(to).map_err(Failed::Write)?;
    io::copy(&mut from, &mut copy).map_err(Failed::Write)?;
    copy.set_permissions(Permissions::from_mode(0o600 | mode & EXECUTABLE)).map_err(Failed::Write)?;
    Ok(true)
}
