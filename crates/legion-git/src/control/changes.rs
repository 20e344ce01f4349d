//! What changed between two trees, file by file.

use std::path::PathBuf;

use crate::command::LIST_BYTES_MAX;
use crate::control::Control;
use crate::error::GitError;
use crate::oid::Oid;
use crate::words::{self, words};

/// A file that is not the same on both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub kind: ChangeKind,
    pub path: PathBuf,
    /// The mode before, such as `0o100644`; 0 where there was nothing.
    pub old_mode: u32,
    /// The mode after; 0 where nothing is left.
    pub new_mode: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    Added,
    Modified,
    Deleted,
    /// From a file to a link, or the like.
    Type,
    Renamed {
        from: PathBuf,
    },
}

/// A list of changes with a bound.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    pub list: Vec<Change>,
    /// Whether there are more.
    pub cut: bool,
}

impl Control {
    /// The files that differ between two commits or trees, at most `max`, with renames found.
    ///
    /// # Errors
    /// When one of the two is not here, or git fails.
    pub async fn changes(&self, from: &Oid, to: &Oid, max: usize) -> Result<Changes, GitError> {
        let call = self.call("diff-tree").args(["-r", "-z", "--raw", "-M", "--no-ext-diff", "--no-textconv"]);
        let call = call.args(["--no-abbrev", "--no-color"]).args([from, to]).long().output_bytes_max(LIST_BYTES_MAX);
        let output = call.run_cut().await?;
        let mut answer = words(&output.stdout);
        let mut changes = Changes { list: Vec::new(), cut: output.cut };
        while let Some(head) = answer.next() {
            if changes.list.len() == max {
                changes.cut = true;
                break;
            }
            match change(head, &mut answer) {
                Some(change) => changes.list.push(change),
                // The last one of a list that was cut.
                None if output.cut => break,
                None => return Err(GitError::unexpected("diff-tree", head)),
            }
        }
        Ok(changes)
    }
}

/// `:<old mode> <new mode> <old> <new> <letter><score>`, then one path or two.
fn change<'a>(head: &[u8], rest: &mut impl Iterator<Item = &'a [u8]>) -> Option<Change> {
    let head = std::str::from_utf8(head).ok()?.strip_prefix(':')?;
    let mut fields = head.split(' ');
    let mut mode = || u32::from_str_radix(fields.next()?, 8).ok();
    let (old_mode, new_mode) = (mode()?, mode()?);
    let letter = fields.nth(2)?.chars().next()?;
    let mut path = words::path(rest.next()?);
    let kind = match letter {
        'A' => ChangeKind::Added,
        'M' => ChangeKind::Modified,
        'D' => ChangeKind::Deleted,
        'T' => ChangeKind::Type,
        'R' => ChangeKind::Renamed { from: std::mem::replace(&mut path, words::path(rest.next()?)) },
        _ => return None,
    };
    Some(Change { kind, path, old_mode, new_mode })
}
