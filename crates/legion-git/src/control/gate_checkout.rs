//! A warm directory in which gates run: the tracked files of a commit, and the caches of earlier builds.

use std::fs;
use std::path::{Path, PathBuf};

use crate::control::Control;
use crate::error::GitError;
use crate::file_system::{exists, remove};
use crate::oid::Oid;

/// A directory in which only gates work, one after the other. Its index lies beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatePlace {
    dir: PathBuf,
    index: PathBuf,
}

impl GatePlace {
    /// The place at `dir`, made or not.
    pub fn at(dir: impl Into<PathBuf>) -> Self {
        let dir = dir.into();
        let index = super::super::clone::place::beside(&dir, "index");
        Self { dir, index }
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }

    pub(crate) fn index(&self) -> &Path {
        &self.index
    }
}

impl Control {
    /// Makes the tracked files of `place` exactly those of `commit`. What else is there goes, unless the commit's
    /// `.gitignore` says that it is ignored: that is where builds keep their caches. Files that are the same keep their
    /// times. Killed in the middle, the next call mends it.
    ///
    /// One call at a time: the caller holds the place.
    ///
    /// # Errors
    /// When `commit` is not here, the disk is full, or the file system refuses; then the place is not to be used.
    pub async fn gate_checkout(&self, commit: &Oid, place: &GatePlace) -> Result<(), GitError> {
        let GatePlace { dir, index } = place.clone();
        self.alone(move || make_ready(&dir, &index)).await?;
        let call = |verb| self.call(verb).work_tree(&place.dir).index(&place.index).long();
        call("read-tree").args(["--reset", "-u"]).arg(commit).run().await?;
        // Twice forced: repositories that a gate has left are cleaned as well.
        call("clean").args(["-ffdq"]).run().await?;
        Ok(())
    }
}

fn make_ready(dir: &Path, index: &Path) -> Result<(), GitError> {
    // A gate of old may have put a link there: nothing is written through it.
    let is_dir = fs::symlink_metadata(dir).is_ok_and(|found| found.is_dir());
    if !is_dir {
        remove(dir).map_err(GitError::file("remove", dir))?;
        remove(index).map_err(GitError::file("remove", index))?;
        fs::create_dir_all(dir).map_err(GitError::file("create", dir))?;
    }
    // The caller holds the place: a lock has no live owner.
    let lock = super::super::clone::place::beside(index, "lock");
    remove(&lock).map_err(GitError::file("remove", &lock))?;
    // A `.git` would be no repository to us, and one to whatever the gate runs.
    let git_dir = dir.join(".git");
    if exists(&git_dir) {
        remove(&git_dir).map_err(GitError::file("remove", &git_dir))?;
    }
    Ok(())
}
