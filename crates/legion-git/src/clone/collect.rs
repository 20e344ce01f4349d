//! The evidence of an attempt: its commits, and what it left uncommitted.

use jiff::Timestamp;

use crate::clone::head::{CloneHead, read_head, read_ref};
use crate::clone::note::Note;
use crate::clone::objects::TakeError;
use crate::clone::place::ClonePlace;
use crate::clone::unfinished::Unfinished;
use crate::control::Control;
use crate::error::GitError;
use crate::file_system::blocking;
use crate::identity::Identity;
use crate::oid::Oid;
use crate::ref_name::RefName;

/// What to collect, and how what was left uncommitted is committed.
#[derive(Clone, Debug)]
pub struct CollectPlan {
    pub place: ClonePlace,
    /// Where the attempt began.
    pub base: Oid,
    /// The branch that it was given.
    pub branch: RefName,
    pub message: String,
    pub identity: Identity,
    pub at: Timestamp,
    /// Where what was collected is pinned.
    pub into: RefName,
}

/// The work of an attempt, in `control.git`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collected {
    pub head: Oid,
    pub tree: Oid,
    /// Commits since the base, the one that we made included.
    pub commits: u32,
    /// Whether something was left uncommitted, and we committed it.
    pub auto_committed: bool,
    /// Whether the files differ from those of the base.
    pub changed: bool,
    pub notes: Vec<Note>,
}

/// Why nothing was collected. Nothing was touched.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    /// Its agent has to see to that. The text is for it.
    #[error(transparent)]
    Unfinished(Unfinished),
    #[error(transparent)]
    Git(#[from] GitError),
}

/// The commits of a clone that can be built on, and what its files are now.
pub(crate) struct Evidence {
    pub head: Oid,
    pub head_tree: Oid,
    pub tree: Oid,
    pub notes: Vec<Note>,
}

impl Control {
    /// Takes the work of an attempt and pins it. Nothing in the clone is run, believed or changed: its commits are taken
    /// if they can be, its files in any case. Whoever wrote there must have ended.
    ///
    /// The same clone gives the same result.
    ///
    /// # Errors
    /// When the clone is in the middle of something, such as a rebase: its HEAD has some of the work only, and files may have the
    /// marks of conflicts. When the clone is not there, the disk is full, or git fails.
    pub async fn collect(&self, plan: &CollectPlan) -> Result<Collected, CollectError> {
        if let Some(unfinished) = self.unfinished(&plan.place).await? {
            return Err(CollectError::Unfinished(unfinished));
        }
        let evidence = self.evidence(&plan.place, &plan.base, Some(&plan.branch)).await?;
        let base_tree = self.tree_of(&plan.base).await?;
        let auto_committed = evidence.tree != evidence.head_tree;
        let head = if auto_committed {
            let parents = [evidence.head];
            self.commit(&evidence.tree, &parents, &plan.message, &plan.identity, plan.at).await?
        } else {
            evidence.head
        };
        self.pin(&head, &plan.into).await?;
        Ok(Collected {
            commits: self.count(&plan.base, &head).await?,
            auto_committed,
            changed: evidence.tree != base_tree,
            tree: evidence.tree,
            notes: evidence.notes,
            head,
        })
    }

    /// Names a commit twice: where it is looked for, and where it stays.
    pub(crate) async fn pin(&self, commit: &Oid, into: &RefName) -> Result<(), GitError> {
        self.keep(commit).await?;
        self.set_ref(into, commit).await
    }

    pub(crate) async fn evidence(
        &self,
        place: &ClonePlace,
        base: &Oid,
        branch: Option<&RefName>,
    ) -> Result<Evidence, GitError> {
        let mut notes = Vec::new();
        let head = self.clone_commits(place, base, branch, &mut notes).await?;
        let snapshot = self.snapshot(place, &head).await?;
        notes.extend(snapshot.notes);
        Ok(Evidence { head_tree: self.tree_of(&head).await?, head, tree: snapshot.tree, notes })
    }

    /// Takes the clone's commits, if there are any that can be taken; else the base is all there is.
    async fn clone_commits(
        &self,
        place: &ClonePlace,
        base: &Oid,
        branch: Option<&RefName>,
        notes: &mut Vec<Note>,
    ) -> Result<Oid, GitError> {
        let (at, format) = (place.clone(), self.format());
        // The branch of the ticket, when the agent left it.
        let elsewhere;
        let head = match blocking(move || read_head(&at, format)).await {
            Ok(CloneHead { oid, branch: current }) => {
                elsewhere = branch.filter(|branch| current.as_ref() != Some(branch));
                let other = current.filter(|_| elsewhere.is_some());
                notes.extend(other.map(|current| Note::OtherBranch { branch: current.to_string() }));
                oid
            }
            Err(reason) => {
                notes.push(Note::HeadUnreadable { reason });
                return Ok(base.clone());
            }
        };
        if head != *base {
            match self.take_objects(place, &head, base).await {
                Ok(()) => {}
                Err(TakeError::Refused(reason)) => {
                    notes.push(Note::CommitsRefused { head, reason });
                    return Ok(base.clone());
                }
                Err(TakeError::Git(error)) => return Err(error),
            }
            // A branch that was deleted under an agent makes its next commit one without parents.
            if self.merge_base(base, &head).await?.is_none() {
                notes.push(Note::NoCommonHistory { head });
                return Ok(base.clone());
            }
        }
        if let Some(branch) = elsewhere {
            notes.extend(self.left_behind(place, branch, &head).await?);
        }
        Ok(head)
    }

    /// What to tell of the ticket's branch when the agent has left it: that it has commits which what was taken has not.
    async fn left_behind(&self, place: &ClonePlace, branch: &RefName, head: &Oid) -> Result<Option<Note>, GitError> {
        let (at, format, name) = (place.clone(), self.format(), branch.clone());
        // A branch that is not there any more, or names nothing, has none.
        let Ok(tip) = blocking(move || read_ref(&at, &name, format)).await else { return Ok(None) };
        // What is not here was not taken.
        let has = self.has_commit(&tip).await? && self.is_ancestor(&tip, head).await?;
        Ok((!has).then(|| Note::LeftBehind { branch: branch.to_string() }))
    }
}
