//! A control repository in which a commit is a set of edits by tickets, and the clones that agents work in.

use std::collections::{BTreeMap, BTreeSet};

use legion_model::tickets::{GateVerdict, SessionName};
use legion_model::{AttemptId, GateId, GateRunId};

/// Files of the repository.
pub const FILES: u8 = 8;

/// One change of one file. The person's have the ticket 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edit {
    pub ticket: u32,
    pub number: u64,
}

/// Each file with its edits, in order.
pub type Tree = BTreeMap<u8, Vec<Edit>>;

pub struct Commit {
    /// The first is where the target stood.
    pub parents: Vec<String>,
    pub tree: Tree,
}

/// The clone of one place.
pub struct Checkout {
    /// What its files were made from: merges begin here.
    pub base: String,
    pub tree: Tree,
    /// Somebody was told to sort out a conflict with this commit and has not done it yet.
    pub conflict: Option<String>,
}

/// What a gate really said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Executed {
    pub gate: GateId,
    pub verdict: GateVerdict,
}

#[derive(Default)]
pub struct Repository {
    pub commits: BTreeMap<String, Commit>,
    /// The target of each session.
    pub targets: BTreeMap<SessionName, String>,
    /// Every commit that a target stood on, in order.
    pub moves: Vec<(SessionName, String)>,
    /// Those that somebody else moved away from, maybe before they were logged: then they are put back, and never were.
    pub overtaken: BTreeSet<(SessionName, String)>,
    /// Edits that a collected head or a rescue holds.
    pub secured: BTreeSet<Edit>,
    /// Gates that came to an end, each with the tree.
    pub executed: BTreeMap<GateRunId, (String, Executed)>,
    /// What was really taken in, and for which attempt.
    pub collected: BTreeSet<(AttemptId, String)>,
    made: u64,
}

impl Repository {
    /// The name of a tree: the same content has the same name.
    pub fn tree_name(tree: &Tree) -> String {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        let mut mix = |value: u64| {
            hash = (hash ^ value).wrapping_mul(0x0000_0100_0000_01b3);
            hash ^= hash >> 29;
        };
        for (file, edits) in tree.iter().filter(|(_, edits)| !edits.is_empty()) {
            mix(1_000 + u64::from(*file));
            for edit in edits {
                mix(u64::from(edit.ticket));
                mix(edit.number);
            }
        }
        format!("tree-{hash:016x}")
    }

    /// A new commit. Each has an id of its own, as if its time stood in it.
    pub fn commit(&mut self, parents: Vec<String>, tree: Tree) -> String {
        self.made += 1;
        let id = format!("commit-{:06}", self.made);
        self.commits.insert(id.clone(), Commit { parents, tree });
        id
    }

    pub fn tree(&self, commit: &str) -> &Tree {
        &self.commits[commit].tree
    }

    /// The newest commit that is no merge.
    pub fn newest_head(&self) -> Option<String> {
        self.commits.iter().rev().find(|(_, commit)| commit.parents.len() == 1).map(|(id, _)| id.clone())
    }

    /// All edits of a tree.
    pub fn edits(tree: &Tree) -> BTreeSet<Edit> {
        tree.values().flatten().copied().collect()
    }

    /// The merge of two trees that come from one; or the files that both changed.
    pub fn merge(base: &Tree, ours: &Tree, theirs: &Tree) -> Result<Tree, Vec<u8>> {
        let empty = Vec::new();
        let mut merged = Tree::new();
        let mut conflicts = Vec::new();
        for file in 0..FILES {
            let of = |tree: &'_ Tree| tree.get(&file).cloned().unwrap_or_else(|| empty.clone());
            let (from, our, their) = (of(base), of(ours), of(theirs));
            let result = if our == from || our == their {
                their
            } else if their == from {
                our
            } else {
                conflicts.push(file);
                continue;
            };
            if !result.is_empty() {
                merged.insert(file, result);
            }
        }
        if conflicts.is_empty() { Ok(merged) } else { Err(conflicts) }
    }

    /// Both sides kept, as an agent does that resolves a conflict.
    pub fn resolve(base: &Tree, ours: &Tree, theirs: &Tree) -> Tree {
        let empty = Vec::new();
        let mut resolved = Tree::new();
        for file in 0..FILES {
            let of = |tree: &'_ Tree| tree.get(&file).cloned().unwrap_or_else(|| empty.clone());
            let (from, our, mut their) = (of(base), of(ours), of(theirs));
            let new: Vec<Edit> = our.into_iter().filter(|e| !from.contains(e) && !their.contains(e)).collect();
            their.extend(new);
            if !their.is_empty() {
                resolved.insert(file, their);
            }
        }
        resolved
    }
}
