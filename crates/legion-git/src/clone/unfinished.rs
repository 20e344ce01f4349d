//! What an agent has begun in its clone and not ended: until it has, neither HEAD nor the files are its work.

use std::collections::BTreeSet;
use std::path::Path;

use rustix::fs::AtFlags;

use crate::clone::head::open_git_dir;
use crate::clone::place::ClonePlace;
use crate::clone::snapshot::copied_index;
use crate::command::LIST_BYTES_MAX;
use crate::control::Control;
use crate::error::GitError;
use crate::file_system::blocking;
use crate::words::{self, words};

/// Paths in one sentence.
const PATHS_SHOWN: usize = 10;

/// Files and directories of a `.git` that say what is going on, the outer before what it consists of; and how the agent ends it.
const GOING_ON: &[(&str, &str, &str)] = &[
    ("rebase-merge", "a rebase", "`git rebase --continue` finishes it, `git rebase --abort` takes it back"),
    (
        "rebase-apply",
        "a rebase, or of applying patches",
        "`git rebase --continue` or `git am --continue` finishes it, `--abort` takes it back",
    ),
    ("MERGE_HEAD", "a merge", "`git commit` finishes it, `git merge --abort` takes it back"),
    (
        "CHERRY_PICK_HEAD",
        "a cherry-pick",
        "`git cherry-pick --continue` finishes it, `git cherry-pick --abort` takes it back",
    ),
    ("REVERT_HEAD", "a revert", "`git revert --continue` finishes it, `git revert --abort` takes it back"),
    (
        "sequencer",
        "a cherry-pick or a revert of many commits",
        "`git cherry-pick --continue` or `git revert --continue` finishes it, `--abort` takes it back",
    ),
    ("BISECT_LOG", "a bisection", "`git bisect reset` ends it"),
];

/// Why a clone cannot be taken for the work of its agent yet, as its agent is told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfinished {
    #[error("its clone is in the middle of {what}: {how}")]
    GoingOn { what: &'static str, how: &'static str },
    #[error(
        "its clone has conflicts that are not resolved in {paths}: resolve them, then `git add` and commit the files"
    )]
    Unmerged { paths: String },
}

impl Control {
    /// What is going on in a clone, read from its files. A `.git` that cannot be read has nothing going on.
    pub(crate) async fn unfinished(&self, place: &ClonePlace) -> Result<Option<Unfinished>, GitError> {
        let at = place.clone();
        if let Some(found) = blocking(move || going_on(&at)).await {
            return Ok(Some(found));
        }
        let temporary = self.temporary()?;
        let index = temporary.join("theirs");
        if !copied_index(place.dir(), &index).await {
            return Ok(None);
        }
        let call = self.call("ls-files").args(["-u", "-z"]).index(&index).long().output_bytes_max(LIST_BYTES_MAX);
        let listed = match call.run().await {
            Ok(listed) => listed,
            // An index that git cannot read is nobody's, and its files are all there is.
            Err(GitError::Failed { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        // Each path is there once for each of the sides.
        let path = |entry: &[u8]| entry.splitn(2, |byte| *byte == b'\t').nth(1).map(|path| words::text(path, 300));
        let paths: BTreeSet<String> = words(&listed).filter_map(path).collect();
        if paths.is_empty() {
            return Ok(None);
        }
        let mut shown: Vec<String> = paths.iter().take(PATHS_SHOWN).map(|path| format!("`{path}`")).collect();
        if paths.len() > PATHS_SHOWN {
            shown.push(format!("{} more", paths.len() - PATHS_SHOWN));
        }
        Ok(Some(Unfinished::Unmerged { paths: shown.join(", ") }))
    }
}

fn going_on(place: &ClonePlace) -> Option<Unfinished> {
    let git_dir = open_git_dir(place).ok()?;
    let is_there = |name: &str| rustix::fs::statat(&git_dir, Path::new(name), AtFlags::SYMLINK_NOFOLLOW).is_ok();
    let (_, what, how) = GOING_ON.iter().find(|(name, ..)| is_there(name))?;
    Some(Unfinished::GoingOn { what, how })
}
