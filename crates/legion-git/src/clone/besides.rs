//! What a clone has besides its HEAD and its files: other branches, stashes, and what an open rebase began with. Read from files, as
//! all of it; git never looks into the clone.

use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::Dir;

use crate::clone::head::{PACKED_REFS_BYTES_MAX, REF_BYTES_MAX, open_git_dir};
use crate::clone::note::Note;
use crate::clone::objects::TakeError;
use crate::clone::place::ClonePlace;
use crate::clone::rescue::RescuePlan;
use crate::control::Control;
use crate::error::GitError;
use crate::file_system::{blocking, open_directory_beneath, read_beneath};
use crate::oid::{ObjectFormat, Oid};
use crate::ref_name::RefName;

/// Commits that are taken from one clone in this way. Each costs a look at all of its objects when something is wrong with it.
const BESIDES_MAX: usize = 64;
/// Entries below `refs/heads` that are looked at, and how deep.
const ENTRIES_MAX: usize = 10_000;
const DEPTH_MAX: u32 = 32;
const STASH_LOG_BYTES_MAX: u64 = 1024 * 1024;
const BRANCHES: &str = "refs/heads/";
const STASH: &str = "refs/stash";
/// Files of a `.git` that have the name of a commit which may be nowhere else.
const FILES: &[(&str, &str)] = &[
    ("rebase-merge/orig-head", "before-rebase"),
    ("rebase-apply/orig-head", "before-rebase"),
    ("rebase-merge/autostash", "autostash"),
    ("rebase-apply/autostash", "autostash"),
    ("MERGE_AUTOSTASH", "autostash"),
];

/// A commit of a clone, and what it is there.
#[derive(Debug, PartialEq, Eq)]
struct Beside {
    /// As the end of a ref: `branch/x`, `stash-0`.
    name: String,
    oid: Oid,
}

impl Control {
    /// Pins what the clone has besides `rescued`, which has its HEAD and files, below `<into>-besides/`. What is pinned already, or part
    /// of the beginning, is left out. Tells what could not be taken.
    pub(crate) async fn rescue_besides(&self, plan: &RescuePlan, rescued: &Oid) -> Result<Vec<Note>, GitError> {
        let (place, format) = (plan.place.clone(), self.format());
        let mut found = blocking(move || besides(&place, format)).await;
        let mut notes = Vec::new();
        if found.len() > BESIDES_MAX {
            let reason = format!("only the first {BESIDES_MAX} are taken");
            notes.extend(
                found
                    .drain(BESIDES_MAX..)
                    .map(|Beside { name, .. }| Note::BesideRefused { name, reason: reason.clone() }),
            );
        }
        for Beside { name, oid } in found {
            if oid == *rescued || oid == plan.base {
                continue;
            }
            match self.take_objects(&plan.place, &oid, &plan.base).await {
                Ok(()) => {}
                Err(TakeError::Refused(reason)) => {
                    notes.push(Note::BesideRefused { name, reason });
                    continue;
                }
                Err(TakeError::Git(error)) => return Err(error),
            }
            if self.is_ancestor(&oid, rescued).await? || self.is_pinned(&oid).await? {
                continue;
            }
            self.keep(&oid).await?;
            self.name_beside(plan, &name, &oid).await?;
            // Files that were not tracked are in a stash by themselves.
            if let Some(untracked) = self.parents_of(&oid).await?.get(2).filter(|_| name.starts_with("stash-")) {
                self.name_beside(plan, &format!("{name}-untracked"), untracked).await?;
            }
        }
        Ok(notes)
    }

    /// Whether a ref that stays has the commit.
    async fn is_pinned(&self, commit: &Oid) -> Result<bool, GitError> {
        let call = self.call("for-each-ref").args(["--count=1", "--format=%(refname)"]);
        let call = call.arg(format!("--contains={commit}")).args(["refs/heads/legion/", "refs/legion/"]);
        Ok(!call.long().run().await?.is_empty())
    }

    async fn name_beside(&self, plan: &RescuePlan, name: &str, oid: &Oid) -> Result<(), GitError> {
        let below = |name: &str| format!("{}-besides/{name}", plan.into).parse::<RefName>();
        // A name that is too long for us, or in the way of another one: the commit is what counts.
        let by_name = match below(name) {
            Ok(reference) => self.set_ref(&reference, oid).await,
            Err(_) => self.set_ref(&below(oid.as_str()).expect("hexadecimal digits are a name"), oid).await,
        };
        match by_name {
            Err(GitError::Failed { .. }) => {
                self.set_ref(&below(oid.as_str()).expect("hexadecimal digits are a name"), oid).await
            }
            named => named,
        }
    }
}

/// Every such commit, each once. What cannot be read is not there.
fn besides(place: &ClonePlace, format: ObjectFormat) -> Vec<Beside> {
    let Ok(git_dir) = open_git_dir(place) else { return Vec::new() };
    let mut branches = packed(&git_dir);
    if let Ok(heads) = open_directory_beneath(&git_dir, Path::new("refs/heads")) {
        let mut entries = 0;
        loose(&heads, BRANCHES, DEPTH_MAX, &mut entries, &mut branches);
    }
    let stash = branches.remove(STASH);
    let branches = branches.into_iter().filter_map(|(name, oid)| {
        let name = name.parse::<RefName>().ok()?;
        Some((format!("branch/{}", name.branch_name()?), oid))
    });
    let text =
        |path: &str| read_beneath(&git_dir, Path::new(path), REF_BYTES_MAX).ok().and_then(|bytes| oid_in(&bytes));
    let files = FILES.iter().filter_map(|(path, name)| Some(((*name).to_owned(), text(path)?)));
    let mut stashes = stashes(&git_dir);
    // Without its log there is the newest.
    stashes.extend(text(STASH).or(stash).filter(|newest| !stashes.contains(newest)));
    let stashes = stashes.into_iter().enumerate().map(|(number, oid)| (format!("stash-{number}"), oid));
    let mut seen = BTreeSet::new();
    branches
        .chain(files)
        .chain(stashes)
        .filter(|(_, oid)| oid.format() == format && seen.insert(oid.clone()))
        .map(|(name, oid)| Beside { name, oid })
        .collect()
}

fn oid_in(bytes: &[u8]) -> Option<Oid> {
    std::str::from_utf8(bytes).ok()?.trim_end().parse().ok()
}

/// Branches, and the stash, that are packed.
fn packed(git_dir: &OwnedFd) -> BTreeMap<String, Oid> {
    let bytes = read_beneath(git_dir, Path::new("packed-refs"), PACKED_REFS_BYTES_MAX).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines = text.lines().filter_map(|line| line.split_once(' '));
    let wanted = lines.filter(|(_, name)| name.starts_with(BRANCHES) || *name == STASH);
    wanted.filter_map(|(oid, name)| Some((name.to_owned(), oid.parse().ok()?))).take(ENTRIES_MAX).collect()
}

/// Branches that have a file; they count before those that are packed. One that names another is that other one.
fn loose(directory: &OwnedFd, above: &str, depth: u32, entries: &mut usize, found: &mut BTreeMap<String, Oid>) {
    let Ok(listed) = Dir::read_from(directory) else { return };
    for entry in listed.flatten() {
        *entries += 1;
        if *entries > ENTRIES_MAX {
            return;
        }
        let Ok(name) = entry.file_name().to_str() else { continue };
        if matches!(name, "." | "..") {
            continue;
        }
        let full = format!("{above}{name}");
        if let Ok(bytes) = read_beneath(directory, Path::new(name), REF_BYTES_MAX) {
            found.extend(oid_in(&bytes).map(|oid| (full, oid)));
        } else if depth > 0
            && let Ok(below) = open_directory_beneath(directory, Path::new(name))
        {
            loose(&below, &format!("{full}/"), depth - 1, entries, found);
        }
    }
}

/// The newest first: but for that one, stashes are in its log alone.
fn stashes(git_dir: &OwnedFd) -> Vec<Oid> {
    let bytes = read_beneath(git_dir, Path::new("logs/refs/stash"), STASH_LOG_BYTES_MAX).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let news = text.lines().filter_map(|line| line.split(' ').nth(1)?.parse().ok());
    news.collect::<Vec<Oid>>().into_iter().rev().collect()
}
