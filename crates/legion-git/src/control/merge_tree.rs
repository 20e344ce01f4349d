//! Merging without a work tree: killed at any moment, it leaves nothing but objects that nobody names.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::command::LIST_BYTES_MAX;
use crate::control::Control;
use crate::error::GitError;
use crate::oid::Oid;
use crate::words::{self, words};

/// Conflicts told with their text; of the others there is the path.
const FILES_WITH_TEXT_MAX: usize = 50;
/// Of one file's conflicts.
const HUNKS_BYTES_MAX: usize = 16 * 1024;
/// Above this a file is not looked into for its conflicts.
const FILE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Lines told around a conflict.
const CONTEXT_LINES: usize = 3;

/// What became of a merge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Merge {
    Clean {
        tree: Oid,
    },
    /// `tree` has the conflicts in it, as markers.
    Conflict {
        tree: Oid,
        files: Vec<ConflictFile>,
    },
}

/// A path on which the two sides do not agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConflictFile {
    pub path: PathBuf,
    pub kind: ConflictKind,
    /// Git's sentence about it.
    pub message: String,
    /// The places with markers (ours, the base, theirs) and some lines around; empty where there are none.
    pub hunks: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConflictKind {
    /// Both changed the same lines.
    Content,
    /// Both made a file here.
    AddAdd,
    /// One changed it, the other deleted it.
    ModifyDelete,
    /// One gave it another name, the other deleted it.
    RenameDelete,
    /// Each gave it another name, or two got the same name.
    Rename,
    /// Both changed a file that has no lines.
    Binary,
    /// A file on one side, a directory on the other.
    FileDirectory,
    /// A file on one side, a link or the like on the other.
    Type,
    /// Another repository's commit.
    Submodule,
    /// What a newer git tells of.
    Other(String),
}

/// What is said of a path before its kind is known.
#[derive(Default)]
struct Seen {
    stages: [bool; 3],
    said: Vec<(String, String)>,
}

impl Control {
    /// Merges two commits with a common history into a tree.
    ///
    /// # Errors
    /// When one is not here, they have nothing in common, or git fails.
    pub async fn merge_tree(&self, ours: &Oid, theirs: &Oid) -> Result<Merge, GitError> {
        let call = self.call("merge-tree").args(["--write-tree", "-z", "--messages"]).args([ours, theirs]);
        let call = call.long().output_bytes_max(LIST_BYTES_MAX);
        let output = call.clone().run_any().await?;
        let clean = match output.status.code() {
            Some(0) => true,
            Some(1) => false,
            _ => return Err(call.failed(&output)),
        };
        if output.cut {
            return Err(GitError::TooMuch { verb: "merge-tree", limit: LIST_BYTES_MAX });
        }
        let mut answer = words(&output.stdout);
        let unexpected = || GitError::unexpected("merge-tree", &output.stdout);
        let tree = answer.next().and_then(Oid::from_output).ok_or_else(unexpected)?;
        if clean {
            return Ok(Merge::Clean { tree });
        }
        let seen = read_conflicts(answer).ok_or_else(unexpected)?;
        let mut files = Vec::new();
        for (path, seen) in seen {
            let (kind, message) = judged(&seen);
            let wants_text = matches!(kind, ConflictKind::Content | ConflictKind::AddAdd | ConflictKind::Rename);
            let hunks = if wants_text && files.len() < FILES_WITH_TEXT_MAX {
                self.hunks(&tree, &path).await?
            } else {
                String::new()
            };
            files.push(ConflictFile { path, kind, message, hunks });
        }
        Ok(Merge::Conflict { tree, files })
    }

    async fn hunks(&self, tree: &Oid, path: &std::path::Path) -> Result<String, GitError> {
        match self.read_file(tree, path, FILE_BYTES_MAX).await {
            Ok(Some(bytes)) => Ok(marked_places(&String::from_utf8_lossy(&bytes))),
            Ok(None) | Err(GitError::TooMuch { .. }) => Ok(String::new()),
            Err(error) => Err(error),
        }
    }
}

/// Paths in conflict, an empty word, then messages: a count of paths, the paths, a kind, a sentence.
fn read_conflicts<'a>(mut answer: impl Iterator<Item = &'a [u8]>) -> Option<BTreeMap<PathBuf, Seen>> {
    let mut seen: BTreeMap<PathBuf, Seen> = BTreeMap::new();
    for word in answer.by_ref().take_while(|word| !word.is_empty()) {
        let tab = word.iter().position(|byte| *byte == b'\t')?;
        let stage = usize::from(word[..tab].last()?.checked_sub(b'1')?);
        *seen.entry(words::path(&word[tab + 1..])).or_default().stages.get_mut(stage)? = true;
    }
    while let Some(count) = answer.next() {
        let count: usize = std::str::from_utf8(count).ok()?.parse().ok()?;
        let paths: Vec<PathBuf> = answer.by_ref().take(count).map(words::path).collect();
        let (kind, message) = (words::text(answer.next()?, 100), words::text(answer.next()?, 1_000));
        // What merged by itself is told of as well.
        if !kind.starts_with("CONFLICT") {
            continue;
        }
        for path in paths {
            // A rename tells of the old path too, on which nobody disagrees.
            if let Some(seen) = seen.get_mut(&path) {
                seen.said.push((kind.clone(), message.clone()));
            }
        }
    }
    Some(seen)
}

fn judged(seen: &Seen) -> (ConflictKind, String) {
    // A path can be told of twice; the structure of the tree comes before lines.
    let weight = |kind: &str| !(kind.contains("contents") || kind.contains("binary"));
    let told = seen.said.iter().find(|(kind, _)| weight(kind)).or_else(|| seen.said.first());
    let Some((word, message)) = told else {
        return match seen.stages {
            [true, true, true] => (ConflictKind::Content, String::new()),
            [false, true, true] => (ConflictKind::AddAdd, String::new()),
            _ => (ConflictKind::ModifyDelete, String::new()),
        };
    };
    let inner = word.trim_start_matches("CONFLICT").trim().trim_matches(['(', ')']);
    let kind = match inner {
        "contents" if !seen.stages[0] => ConflictKind::AddAdd,
        "contents" | "content" => ConflictKind::Content,
        "add/add" => ConflictKind::AddAdd,
        "binary" => ConflictKind::Binary,
        "modify/delete" => ConflictKind::ModifyDelete,
        "rename/delete" => ConflictKind::RenameDelete,
        "file/directory" | "directory/file" => ConflictKind::FileDirectory,
        "distinct modes" | "distinct types" => ConflictKind::Type,
        _ if inner.contains("submodule") => ConflictKind::Submodule,
        _ if inner.contains("rename") => ConflictKind::Rename,
        other => ConflictKind::Other(other.to_owned()),
    };
    (kind, message.clone())
}

/// The places between markers, with a few lines around each.
fn marked_places(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let mut wanted = vec![false; lines.len()];
    let mut open = None;
    for (index, line) in lines.iter().enumerate() {
        if line.starts_with("<<<<<<< ") && open.is_none() {
            open = Some(index);
        }
        let Some(from) = open.filter(|_| line.starts_with(">>>>>>> ")) else { continue };
        open = None;
        let last = (index + CONTEXT_LINES).min(lines.len() - 1);
        wanted[from.saturating_sub(CONTEXT_LINES)..=last].fill(true);
    }
    let mut told = String::new();
    let mut previous = true;
    for (line, wanted) in lines.iter().zip(wanted) {
        if wanted {
            if !previous && !told.is_empty() {
                told.push_str("…\n");
            }
            if told.len() + line.len() > HUNKS_BYTES_MAX {
                told.push_str("… (more)\n");
                break;
            }
            told.push_str(line);
            told.push('\n');
        }
        previous = wanted;
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_marked_places_are_told() {
        let far = "x\n".repeat(20);
        let conflict = "<<<<<<< a\n1\n||||||| b\n0\n=======\n2\n>>>>>>> c\n";
        let told = marked_places(&format!("{far}before\n{conflict}after\n{far}{conflict}"));
        assert!(told.starts_with("x\nx\nbefore\n<<<<<<< a\n"), "{told}");
        assert_eq!(told.matches("=======").count(), 2);
        assert_eq!(told.matches("…\n").count(), 1);
        assert_eq!(marked_places(&far), "");
        let long = format!("<<<<<<< a\n{}\n>>>>>>> c\n", "y\n".repeat(HUNKS_BYTES_MAX));
        assert!(marked_places(&long).len() < HUNKS_BYTES_MAX + 100);
    }
}
