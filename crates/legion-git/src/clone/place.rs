//! Where a clone lies.

use std::path::{Path, PathBuf};

/// A clone's directory, and the private index that lies beside it, where no agent works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClonePlace {
    dir: PathBuf,
    index: PathBuf,
}

impl ClonePlace {
    /// The place at `dir`, an absolute path; whether there is a clone or not.
    pub fn at(dir: impl Into<PathBuf>) -> Self {
        let dir = dir.into();
        let index = beside(&dir, "index");
        Self { dir, index }
    }

    /// The agent's working directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Our index of it.
    pub fn index(&self) -> &Path {
        &self.index
    }
}

/// `<path>.<what>`.
pub(crate) fn beside(path: &Path, what: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(what);
    PathBuf::from(name)
}
