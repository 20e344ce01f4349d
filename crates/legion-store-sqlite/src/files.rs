//! Notices that the files of the database were deleted or replaced while they are open: SQLite would go on writing into
//! files that nobody will ever find again.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The files of an open database, as they were when it was opened.
#[derive(Debug)]
pub struct Files {
    files: Vec<(PathBuf, FileId)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FileId {
    device: u64,
    inode: u64,
}

impl Files {
    /// Notes the files of the database at `path`, which is open in WAL mode.
    pub fn note(path: &Path) -> io::Result<Self> {
        let beside = |suffix: &str| {
            let mut name = OsString::from(path);
            name.push(suffix);
            PathBuf::from(name)
        };
        let paths = [path.to_owned(), beside("-wal"), beside("-shm")];
        let files = paths.into_iter().map(|path| Ok((path.clone(), identify(&path)?)));
        Ok(Self { files: files.collect::<io::Result<_>>()? })
    }

    /// Says which file is no longer the one that was opened. A few microseconds.
    pub fn check(&self) -> Result<(), String> {
        for (path, noted) in &self.files {
            let path_shown = path.display();
            match identify(path) {
                Ok(found) if found == *noted => {}
                Ok(_) => return Err(format!("`{path_shown}` was replaced while in use")),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    return Err(format!("`{path_shown}` was deleted while in use"));
                }
                Err(error) => return Err(format!("`{path_shown}` cannot be looked at any more: {error}")),
            }
        }
        Ok(())
    }
}

fn identify(path: &Path) -> io::Result<FileId> {
    let metadata = fs::metadata(path)?;
    Ok(FileId { device: metadata.dev(), inode: metadata.ino() })
}
