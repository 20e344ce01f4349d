//! Where the sockets of the shims lie: a short path (the kernel allows 108 bytes), and a directory
//! that nobody else can enter.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// The longest path of a socket, its terminating zero excepted.
const SOCKET_PATH_BYTES_MAX: usize = 107;

/// The directory of one service's sockets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocketDirectory {
    path: PathBuf,
    name: String,
}

/// Why there is no safe place for sockets.
#[derive(Debug, thiserror::Error)]
pub enum SocketDirectoryError {
    #[error("failed to use the socket directory `{path}`")]
    Use {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// Somebody else got there first.
    #[error(
        "`{path}` is not a directory of user {expected} (it is owned by {found}); remove it or set XDG_RUNTIME_DIR"
    )]
    Squatted { path: PathBuf, expected: u32, found: u32 },
    #[error("`{path}` is open to other users (mode {mode:o}); make it 0700")]
    Open { path: PathBuf, mode: u32 },
    #[error("`{path}` is too long for sockets; set XDG_RUNTIME_DIR to a shorter one")]
    TooLong { path: PathBuf },
}

impl SocketDirectory {
    /// Makes the directory, or checks it if it exists: `<runtime_dir>/legion/<8 hex>`, or
    /// `/tmp/legion-<uid>/<8 hex>` without a runtime directory (`XDG_RUNTIME_DIR`). The eight
    /// hexadecimal digits are those of the data directory, so that two services keep apart.
    ///
    /// # Errors
    /// When it cannot be made, is not ours, or others may enter it.
    pub fn open(data_dir: &Path, runtime_dir: Option<&Path>) -> Result<Self, SocketDirectoryError> {
        let name = name_of(data_dir);
        let uid = rustix::process::geteuid().as_raw();
        let parent = match runtime_dir {
            Some(runtime_dir) => runtime_dir.join("legion"),
            None => PathBuf::from(format!("/tmp/legion-{uid}")),
        };
        make_private(&parent, uid)?;
        let path = parent.join(&name);
        make_private(&path, uid)?;
        let directory = Self { path, name };
        if directory.socket(Uuid::nil()).as_os_str().len() > SOCKET_PATH_BYTES_MAX {
            return Err(SocketDirectoryError::TooLong { path: directory.path });
        }
        Ok(directory)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The eight hexadecimal digits; also the name for [`crate::containment`].
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the socket of `process`.
    pub fn socket(&self, process: Uuid) -> PathBuf {
        self.path.join(process.simple().to_string())
    }
}

fn name_of(data_dir: &Path) -> String {
    // One directory under two names is one service.
    let path = fs::canonicalize(data_dir).unwrap_or_else(|_| data_dir.to_owned());
    let digest = Sha256::digest(path.as_os_str().as_bytes());
    digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

fn make_private(path: &Path, uid: u32) -> Result<(), SocketDirectoryError> {
    let failed = |source| SocketDirectoryError::Use { path: path.to_owned(), source };
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(failed(error)),
        _ => {}
    }
    // The link itself: whoever made one could point it elsewhere later.
    let metadata = fs::symlink_metadata(path).map_err(failed)?;
    if !metadata.is_dir() || metadata.uid() != uid {
        return Err(SocketDirectoryError::Squatted { path: path.to_owned(), expected: uid, found: metadata.uid() });
    }
    let mode = metadata.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(SocketDirectoryError::Open { path: path.to_owned(), mode });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_directory_that_others_may_enter_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let open = || SocketDirectory::open(&root.path().join("data"), Some(root.path()));
        let directory = open().unwrap();
        assert_eq!(directory.name().len(), 8);
        assert_eq!(open().unwrap(), directory, "the same again");
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o750)).unwrap();
        assert!(matches!(open(), Err(SocketDirectoryError::Open { .. })));
    }

    #[test]
    fn a_squatted_directory_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let open = || SocketDirectory::open(&root.path().join("data"), Some(root.path()));
        let elsewhere = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), root.path().join("legion")).unwrap();
        let error = open().unwrap_err();
        assert!(matches!(error, SocketDirectoryError::Squatted { .. }), "{error}");
        fs::remove_file(root.path().join("legion")).unwrap();
        open().unwrap();
        if rustix::process::geteuid().is_root() {
            let path = root.path().join("legion");
            std::os::unix::fs::chown(&path, Some(54321), None).unwrap();
            let error = open().unwrap_err();
            assert!(error.to_string().contains("54321"), "{error}");
        }
    }

    #[test]
    fn a_path_too_long_for_a_socket_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let long = root.path().join("x".repeat(90));
        fs::create_dir(&long).unwrap();
        let opened = SocketDirectory::open(root.path(), Some(&long));
        assert!(matches!(opened, Err(SocketDirectoryError::TooLong { .. })));
    }
}
