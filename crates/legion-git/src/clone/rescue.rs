//! A last look before a clone goes: everything that is nowhere else is pinned.

use jiff::Timestamp;

use crate::clone::note::Note;
use crate::clone::place::ClonePlace;
use crate::command::LIST_BYTES_MAX;
use crate::control::Control;
use crate::error::GitError;
use crate::file_system::open_directory;
use crate::identity::Identity;
use crate::oid::Oid;
use crate::ref_name::RefName;

/// What to rescue, and how it is committed.
#[derive(Clone, Debug)]
pub struct RescuePlan {
    pub place: ClonePlace,
    /// Where the attempt began.
    pub base: Oid,
    pub message: String,
    pub identity: Identity,
    pub at: Timestamp,
    /// Where what was rescued is pinned.
    pub into: RefName,
}

/// The proof that a clone's files are pinned. Only [`Control::rescue`] makes one, and [`Control::remove_clone`] takes it.
#[derive(Debug, PartialEq, Eq)]
pub struct Rescued {
    place: ClonePlace,
    commit: Oid,
    new: bool,
    notes: Vec<Note>,
}

impl Rescued {
    /// The commit that has the files. A commit that was pinned before, or the base, when that has them all.
    pub fn commit(&self) -> &Oid {
        &self.commit
    }

    /// Whether there was something to rescue, and `into` now names it. When not, `into` is as it was.
    pub fn is_new(&self) -> bool {
        self.new
    }

    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    pub(crate) fn place(&self) -> &ClonePlace {
        &self.place
    }
}

impl Control {
    /// Pins every tracked and every other, not ignored file of a clone, and its commits. When a commit that is pinned
    /// already has all that, nothing is made. Other branches, stashes, and what an open rebase began with are pinned by name
    /// below `<into>-besides/`. Nothing is removed in any case.
    ///
    /// # Errors
    /// When the clone is not there or goes meanwhile, the disk is full, or git fails: then there is no proof, and the clone stays.
    pub async fn rescue(&self, plan: &RescuePlan) -> Result<Rescued, GitError> {
        let mut rescued = self.rescue_files(plan).await?;
        rescued.notes.extend(self.rescue_besides(plan, &rescued.commit).await?);
        Ok(rescued)
    }

    async fn rescue_files(&self, plan: &RescuePlan) -> Result<Rescued, GitError> {
        let evidence = self.evidence(&plan.place, &plan.base, None).await?;
        // Somebody who removes it meanwhile leaves a part of it to be seen: what was taken in before is more.
        open_directory(plan.place.dir()).map_err(GitError::file("open", plan.place.dir()))?;
        let rescued = |commit, new, notes| Rescued { place: plan.place.clone(), commit, new, notes };
        let committed = evidence.tree == evidence.head_tree;
        if committed && evidence.head == plan.base {
            return Ok(rescued(evidence.head, false, evidence.notes));
        }
        let commit = if committed {
            evidence.head
        } else {
            self.commit(&evidence.tree, &[evidence.head], &plan.message, &plan.identity, plan.at).await?
        };
        for pinned in self.pinned(&evidence.tree).await? {
            let same_commits = match self.parents_of(&commit).await?.first() {
                Some(parent) if !committed => self.is_ancestor(parent, &pinned).await?,
                _ => self.is_ancestor(&commit, &pinned).await?,
            };
            if same_commits {
                return Ok(rescued(pinned, false, evidence.notes));
            }
        }
        self.pin(&commit, &plan.into).await?;
        Ok(rescued(commit, true, evidence.notes))
    }

    /// The commits that are kept and have exactly these files.
    async fn pinned(&self, tree: &Oid) -> Result<Vec<Oid>, GitError> {
        let call = self.call("for-each-ref").args(["--format=%(objectname) %(tree)", "refs/legion/keep/"]);
        let listed = call.long().output_bytes_max(LIST_BYTES_MAX).run().await?;
        let text = String::from_utf8_lossy(&listed);
        let kept = text.lines().filter_map(|line| line.split_once(' '));
        Ok(kept.filter(|(_, kept)| *kept == tree.as_str()).filter_map(|(commit, _)| commit.parse().ok()).collect())
    }
}
