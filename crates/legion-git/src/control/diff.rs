//! The text of a difference, and its size.

use std::path::PathBuf;

use crate::command::LIST_BYTES_MAX;
use crate::control::Control;
use crate::error::GitError;
use crate::oid::Oid;
use crate::words::{self, words};

/// A patch, perhaps not whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diff {
    pub bytes: Vec<u8>,
    /// Whether there is more.
    pub cut: bool,
}

/// How much changed in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileStat {
    pub path: PathBuf,
    /// Lines added and deleted; `None` for a file that has no lines.
    pub lines: Option<(u64, u64)>,
}

impl Control {
    /// The difference between two commits or trees as a patch, at most `bytes_max` of it.
    ///
    /// # Errors
    /// When one of the two is not here, or git fails.
    pub async fn diff(&self, from: &Oid, to: &Oid, bytes_max: usize) -> Result<Diff, GitError> {
        let call = self.call("diff-tree").args(["-r", "-p", "-M", "--no-ext-diff", "--no-textconv", "--no-color"]);
        let output = call.args([from, to]).long().output_bytes_max(bytes_max).run_cut().await?;
        Ok(Diff { cut: output.stdout.len() == bytes_max && output.cut, bytes: output.stdout })
    }

    /// How many lines changed in each file.
    ///
    /// # Errors
    /// When one of the two is not here, or git fails.
    pub async fn diff_stat(&self, from: &Oid, to: &Oid) -> Result<Vec<FileStat>, GitError> {
        let call = self.call("diff-tree").args(["-r", "-z", "--numstat", "--no-renames", "--no-ext-diff"]);
        let call = call.arg("--no-textconv").args([from, to]).long().output_bytes_max(LIST_BYTES_MAX);
        let listed = call.run().await?;
        words(&listed).map(|word| stat(word).ok_or_else(|| GitError::unexpected("diff-tree", word))).collect()
    }
}

fn stat(word: &[u8]) -> Option<FileStat> {
    let mut fields = word.splitn(3, |byte| *byte == b'\t');
    let mut lines = || {
        let field = std::str::from_utf8(fields.next()?).ok()?;
        if field == "-" { Some(None) } else { field.parse::<u64>().ok().map(Some) }
    };
    let (added, deleted) = (lines()?, lines()?);
    Some(FileStat { path: words::path(fields.next()?), lines: added.zip(deleted) })
}
