//! The lock of a data directory: one service at a time.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Name of the lock's file in the data directory.
const LOCK_FILE: &str = "lock";
/// Most bytes read from the file of another's lock.
const LOCK_FILE_BYTES_MAX: u64 = 4_096;
/// How often the file may be replaced between opening and locking it before that is an error.
const ATTEMPTS_MAX: usize = 8;
const STICKY: u32 = 0o1000;

/// The right to use a data directory, held until it is dropped or its process ends, however it ends.
///
/// A kernel lock (`flock`) on an open file that no child inherits: a stale lock cannot exist.
#[derive(Debug)]
pub struct DataDirLock {
    file: File,
    path: PathBuf,
}

impl DataDirLock {
    /// Says whether a directory may become, or is, a data directory; changes nothing. One that does not exist may.
    pub fn check(data: &Path) -> Result<(), LockError> {
        match fs::metadata(data) {
            // Such as /tmp: closing it would shut everyone else out.
            Ok(metadata) if metadata.mode() & STICKY != 0 => Err(LockError::Shared { path: data.to_owned() }),
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(source) => Err(LockError::Directory { path: data.to_owned(), source }),
        }
    }

    /// Takes the lock of `data`, or says who has it. Makes the directory if needed and closes it to others (0700).
    pub fn acquire(data: &Path) -> Result<Self, LockError> {
        let path = data.join(LOCK_FILE);
        let failed = |source| LockError::Acquire { path: path.clone(), source };
        own_folder(data)?;
        for _ in 0..ATTEMPTS_MAX {
            // std opens with O_CLOEXEC: a child that inherited the lock would hold it beyond our end.
            let file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .open(&path)
                .map_err(failed)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(held(data, file)),
                Err(TryLockError::Error(source)) => return Err(failed(source)),
            }
            // A lock on a file that is not there any more keeps nobody out.
            if is_at(&file, &path).map_err(failed)? {
                let mut lock = Self { file, path: path.clone() };
                lock.write(None).map_err(failed)?;
                return Ok(lock);
            }
        }
        Err(failed(io::Error::other("the file is being replaced again and again")))
    }

    /// Writes where the service listens, for the message that a second one gets.
    pub fn announce(&mut self, url: &str) -> Result<(), LockError> {
        self.write(Some(url)).map_err(|source| LockError::Acquire { path: self.path.clone(), source })
    }

    fn write(&mut self, url: Option<&str>) -> io::Result<()> {
        let text = format!("{}\n{}\n", std::process::id(), url.unwrap_or_default());
        self.file.set_len(0)?;
        self.file.rewind()?;
        self.file.write_all(text.as_bytes())
    }
}

/// Makes the directory, or closes an existing one to others.
fn own_folder(data: &Path) -> Result<(), LockError> {
    DataDirLock::check(data)?;
    let failed = |source| LockError::Directory { path: data.to_owned(), source };
    fs::DirBuilder::new().recursive(true).mode(0o700).create(data).map_err(failed)?;
    let mode = fs::metadata(data).map_err(failed)?.mode();
    if mode & 0o077 != 0 {
        fs::set_permissions(data, fs::Permissions::from_mode(0o700)).map_err(failed)?;
    }
    Ok(())
}

fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let opened = file.metadata()?;
    match fs::metadata(path) {
        Ok(found) => Ok((found.dev(), found.ino()) == (opened.dev(), opened.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Says who holds the lock, as far as the file tells.
fn held(data: &Path, file: File) -> LockError {
    let mut text = String::new();
    // What cannot be read is left out: that the lock is held is certain without it.
    let _ = file.take(LOCK_FILE_BYTES_MAX).read_to_string(&mut text);
    let mut lines = text.lines();
    let pid = lines.next().and_then(|line| line.parse().ok());
    let url = lines.next().filter(|line| !line.is_empty()).map(str::to_owned);
    LockError::Held { path: data.to_owned(), pid, url }
}

/// Why a data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    #[error("`{}` is in use by {}", path.display(), holder(*pid, url.as_deref()))]
    Held { path: PathBuf, pid: Option<u32>, url: Option<String> },
    #[error("`{path}` is a directory shared by all users; a data directory must be Legion's own")]
    Shared { path: PathBuf },
    #[error("failed to make the data directory `{path}`")]
    Directory {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("failed to lock `{path}`")]
    Acquire {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

fn holder(pid: Option<u32>, url: Option<&str>) -> String {
    let process = pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"));
    match url {
        Some(url) => format!("{process} at {url}"),
        None => process,
    }
}
