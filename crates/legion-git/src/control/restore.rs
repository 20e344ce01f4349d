//! A commit's files in a new directory.

use std::fs;
use std::path::{Path, PathBuf};

use crate::control::Control;
use crate::error::GitError;
use crate::file_system::{blocking, exists, remove};
use crate::oid::Oid;

impl Control {
    /// Writes the files of `commit` into the directory `into`, which must not be there yet: all of them or nothing.
    ///
    /// # Errors
    /// When `into` is there, its parent is not, the disk is full, or git fails.
    pub async fn restore(&self, commit: &Oid, into: &Path) -> Result<(), GitError> {
        let taken = std::io::Error::from(std::io::ErrorKind::AlreadyExists);
        if exists(into) {
            return Err(GitError::file("restore into", into)(taken));
        }
        let mut partial = into.as_os_str().to_owned();
        partial.push(format!(".{}.partial", uuid::Uuid::new_v4().simple()));
        let partial = PathBuf::from(partial);
        fs::create_dir(&partial).map_err(GitError::file("create", &partial))?;
        let temporary = self.temporary()?;
        let call = self.call("read-tree").args(["--reset", "-u"]).arg(commit).work_tree(&partial);
        let written = call.index(&temporary.join("index")).long().run().await.map(drop);
        let placed =
            written.and_then(|()| rename_to_nothing(&partial, into).map_err(GitError::file("restore into", into)));
        if placed.is_err() {
            let _ = blocking(move || remove(&partial)).await;
        }
        placed
    }
}

/// Renames, but never over what came to be there meanwhile, where the file system can tell.
fn rename_to_nothing(from: &Path, to: &Path) -> std::io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // A directory takes the place of nothing but an empty one.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => fs::rename(from, to),
        other => Ok(other?),
    }
}
