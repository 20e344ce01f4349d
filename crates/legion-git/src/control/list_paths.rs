//! All paths of a commit.

use std::path::PathBuf;

use crate::command::LIST_BYTES_MAX;
use crate::control::Control;
use crate::error::GitError;
use crate::oid::Oid;
use crate::words::{self, words};

/// A list of paths with a bound.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PathList {
    pub paths: Vec<PathBuf>,
    /// Whether there are more.
    pub cut: bool,
}

impl Control {
    /// The paths of all files of a commit or tree, in git's order, at most `max`.
    ///
    /// # Errors
    /// When it is not here, or git fails.
    pub async fn list_tree_paths(&self, from: &Oid, max: usize) -> Result<PathList, GitError> {
        let call = self.call("ls-tree").args(["-r", "-z", "--name-only", "--full-tree"]).arg(from);
        let output = call.long().output_bytes_max(LIST_BYTES_MAX).run_cut().await?;
        let mut listed = words(&output.stdout).map(words::path);
        let paths: Vec<PathBuf> = listed.by_ref().take(max).collect();
        Ok(PathList { cut: output.cut || listed.next().is_some(), paths })
    }
}
