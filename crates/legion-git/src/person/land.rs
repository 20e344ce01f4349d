//! Landing: what was merged in `control.git` becomes a branch of the person.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::command::failed;
use crate::error::GitError;
use crate::oid::Oid;
use crate::person::PersonRepo;
use crate::ref_name::RefName;
use crate::words::{self, words};

/// Paths in one sentence.
const PATHS_SHOWN: usize = 10;
/// Files and directories of a `.git` that say that something is going on.
const UNFINISHED: &[(&str, &str)] = &[
    ("MERGE_HEAD", "merge"),
    ("rebase-merge", "rebase"),
    ("rebase-apply", "rebase"),
    ("CHERRY_PICK_HEAD", "cherry-pick"),
    ("REVERT_HEAD", "revert"),
];

/// What to land, and where.
#[derive(Clone, Debug)]
pub struct LandPlan {
    /// The directory of `control.git`.
    pub control_dir: PathBuf,
    pub commit: Oid,
    pub into: LandInto,
    pub mode: LandMode,
    /// Of the merge commit, should there be one.
    pub message: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LandInto {
    /// What is checked out.
    Current,
    /// `refs/heads/…`; made when there is none.
    Branch(RefName),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LandMode {
    /// Only when the branch has nothing of its own.
    FastForward,
    /// With a merge commit when the branch has something of its own.
    Merge,
}

/// Where a branch was and is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Landed {
    /// `None` for a detached HEAD.
    pub branch: Option<RefName>,
    /// `None` for a new branch.
    pub old: Option<Oid>,
    /// The same as `old` when everything was there already.
    pub new: Oid,
}

impl Landed {
    /// The branch as a person calls it.
    pub fn shown(&self) -> String {
        self.branch.as_ref().map_or("HEAD", |branch| branch.branch_name().unwrap_or(branch.as_str())).to_owned()
    }
}

/// Why nothing was landed. Nothing was touched.
#[derive(Debug, thiserror::Error)]
pub enum LandError {
    #[error("`{root}` has uncommitted changes; commit or stash them, or land into another branch: {}", shown(paths))]
    Uncommitted { root: PathBuf, paths: Vec<PathBuf> },
    #[error("`{root}` has untracked files in the way; move them, or land into another branch: {}", shown(paths))]
    InTheWay { root: PathBuf, paths: Vec<PathBuf> },
    #[error("a {what} is going on in `{root}`; finish or abort it first")]
    Unfinished { root: PathBuf, what: &'static str },
    #[error("`{branch}` is checked out in `{path}`; land there, or into another branch")]
    CheckedOutElsewhere { branch: RefName, path: PathBuf },
    #[error(
        "`{branch}` has commits that the session does not have: bring them in first (`legion sync`), so that the gates see both, or merge untested (`--merge`)"
    )]
    NotFastForward { branch: String },
    #[error("`{branch}` and what is to be landed disagree; bring the branch's commits in first: {}", shown(paths))]
    Conflict { branch: String, paths: Vec<PathBuf> },
    #[error("`{branch}` moved while it was landed on; try again")]
    Moved { branch: String },
    #[error(transparent)]
    Git(#[from] GitError),
}

impl PersonRepo {
    /// Brings a commit of `control.git` into a branch. What is checked out is moved only when it is clean, every other
    /// branch by compare-and-swap alone: then neither HEAD nor index nor a file is touched.
    ///
    /// # Errors
    /// With a sentence that says what to do; then nothing was touched.
    pub async fn land(&self, plan: &LandPlan) -> Result<Landed, LandError> {
        let (landed, current) = self.prepare(plan).await?;
        let shown = landed.shown();
        if landed.old.as_ref() != Some(&landed.new) {
            if current {
                self.advance_checkout(&landed.new, &shown).await?;
            } else if let Some(branch) = &landed.branch {
                self.move_branch(branch, &landed.new, landed.old.as_ref(), &shown).await?;
            }
        }
        Ok(landed)
    }

    /// What [`land`](Self::land) would do. Takes the objects, and moves nothing.
    ///
    /// # Errors
    /// As `land` would.
    pub async fn land_dry_run(&self, plan: &LandPlan) -> Result<Landed, LandError> {
        let (landed, current) = self.prepare(plan).await?;
        if current && landed.old.as_ref() != Some(&landed.new) {
            self.check_nothing_in_the_way(&landed.new).await?;
        }
        Ok(landed)
    }

    /// The commits that a landing brought, newest first; at most `max`.
    ///
    /// # Errors
    /// When git fails.
    pub async fn landed_commits(&self, landed: &Landed, max: usize) -> Result<Vec<Oid>, GitError> {
        let call = self.call("rev-list").arg(format!("--max-count={max}")).arg(&landed.new);
        let call = match &landed.old {
            Some(old) => call.arg(format!("^{old}")),
            None => call,
        };
        let listed = call.run().await?;
        Ok(listed.split(|byte| *byte == b'\n').filter_map(Oid::from_output).collect())
    }

    /// Everything but the move; and whether it is about what is checked out.
    async fn prepare(&self, plan: &LandPlan) -> Result<(Landed, bool), LandError> {
        let head = self.head().await?;
        let current = match &plan.into {
            LandInto::Current => true,
            LandInto::Branch(branch) => head.branch.as_ref() == Some(branch),
        };
        let branch = match &plan.into {
            LandInto::Current => head.branch.clone(),
            LandInto::Branch(branch) => Some(branch.clone()),
        };
        if current {
            self.check_clean().await?;
        } else if let Some(branch) = &branch {
            self.check_not_elsewhere(branch).await?;
        }
        let old = match &branch {
            _ if current => Some(head.commit),
            Some(branch) => self.resolve(branch.as_str()).await?,
            None => None,
        };
        let mut landed = Landed { branch, old, new: plan.commit.clone() };
        self.fetch(&plan.control_dir, &plan.commit).await?;
        landed.new = match &landed.old {
            None => plan.commit.clone(),
            Some(old) if self.is_ancestor(&plan.commit, old).await? => old.clone(),
            Some(old) if self.is_ancestor(old, &plan.commit).await? => plan.commit.clone(),
            Some(_) if plan.mode == LandMode::FastForward => {
                return Err(LandError::NotFastForward { branch: landed.shown() });
            }
            Some(old) => self.merged(old, plan, &landed.shown()).await?,
        };
        Ok((landed, current))
    }

    async fn check_clean(&self) -> Result<(), LandError> {
        let root = self.root().to_owned();
        let unfinished = UNFINISHED.iter().find(|(name, _)| self.git_dir().join(name).exists());
        if let Some((_, what)) = unfinished {
            return Err(LandError::Unfinished { root, what });
        }
        let paths = self.uncommitted().await?;
        if paths.is_empty() { Ok(()) } else { Err(LandError::Uncommitted { root, paths }) }
    }

    async fn check_nothing_in_the_way(&self, new: &Oid) -> Result<(), LandError> {
        let paths = self.untracked_in_the_way(new).await?;
        if paths.is_empty() { Ok(()) } else { Err(LandError::InTheWay { root: self.root().to_owned(), paths }) }
    }

    async fn check_not_elsewhere(&self, branch: &RefName) -> Result<(), LandError> {
        let listed = self.call("worktree").args(["list", "--porcelain", "-z"]).run().await?;
        let mut path = PathBuf::new();
        for word in words(&listed) {
            if let Some(found) = word.strip_prefix(b"worktree ") {
                path = words::path(found);
            }
            if word.strip_prefix(b"branch ") == Some(branch.as_str().as_bytes()) {
                return Err(LandError::CheckedOutElsewhere { branch: branch.clone(), path });
            }
        }
        Ok(())
    }

    /// Takes the objects; no ref, no FETCH_HEAD.
    pub(crate) async fn fetch(&self, control_dir: &Path, commit: &Oid) -> Result<(), GitError> {
        let call = self.call("fetch").setting("protocol.file.allow=always").setting("transfer.fsckObjects=false");
        let call = call.args(["--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--refmap="]);
        call.arg("--no-auto-maintenance").arg(control_dir).arg(commit).run().await.map(drop)
    }

    pub(crate) async fn is_ancestor(&self, ancestor: &Oid, descendant: &Oid) -> Result<bool, GitError> {
        let output = self.call("merge-base").arg("--is-ancestor").args([ancestor, descendant]).run_any().await?;
        match output.status.code() {
            Some(0) => Ok(true),
            Some(1) => Ok(false),
            _ => Err(failed("merge-base", self.root(), &output)),
        }
    }

    /// A merge commit by the person, made without a work tree.
    async fn merged(&self, old: &Oid, plan: &LandPlan, shown: &str) -> Result<Oid, LandError> {
        let call = self.call("merge-tree").args(["--write-tree", "-z", "--name-only", "--no-messages"]);
        let output = call.args([old, &plan.commit]).run_any().await?;
        let mut answer = words(&output.stdout);
        let tree = answer.next().and_then(Oid::from_output);
        let Some(tree) = tree.filter(|_| matches!(output.status.code(), Some(0 | 1))) else {
            return Err(failed("merge-tree", self.root(), &output).into());
        };
        if !output.status.success() {
            let paths = answer.map(words::path).collect();
            return Err(LandError::Conflict { branch: shown.to_owned(), paths });
        }
        let call = self.call("commit-tree").arg(tree).arg("-p").arg(old).arg("-p").arg(&plan.commit);
        Ok(call.args(["-F", "-"]).stdin(plan.message.clone()).run_oid().await?)
    }

    /// Moves what is checked out. Git refuses by itself when HEAD has moved meanwhile.
    async fn advance_checkout(&self, new: &Oid, shown: &str) -> Result<(), LandError> {
        self.check_nothing_in_the_way(new).await?;
        let output = self.call("merge").args(["--ff-only", "--quiet", "--no-stat"]).arg(new).run_any().await?;
        if output.status.success() {
            return Ok(());
        }
        let error = failed("merge", self.root(), &output);
        let moved =
            matches!(&error, GitError::Failed { message, .. } if message.contains("Not possible to fast-forward"));
        Err(if moved { LandError::Moved { branch: shown.to_owned() } } else { error.into() })
    }

    async fn move_branch(&self, branch: &RefName, new: &Oid, old: Option<&Oid>, shown: &str) -> Result<(), LandError> {
        let zero = self.object_format().zero();
        let old_text = old.map_or(zero.as_str(), Oid::as_str);
        let call = self.call("update-ref").args(["-m", "legion land", "--no-deref", branch.as_str(), new.as_str()]);
        let output = call.arg(old_text).run_any().await?;
        if output.status.success() {
            return Ok(());
        }
        if self.resolve(branch.as_str()).await?.as_ref() != old {
            return Err(LandError::Moved { branch: shown.to_owned() });
        }
        Err(failed("update-ref", self.root(), &output).into())
    }
}

fn shown(paths: &[PathBuf]) -> String {
    let mut text = String::new();
    for path in paths.iter().take(PATHS_SHOWN) {
        let comma = if text.is_empty() { "" } else { ", " };
        let _ = write!(text, "{comma}`{}`", path.display());
    }
    if paths.len() > PATHS_SHOWN {
        let _ = write!(text, " and {} more", paths.len() - PATHS_SHOWN);
    }
    text
}
