//! An attempt: one try at a ticket, from a clone to the merge queue.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::classify::ErrorClass;
use super::landing::Judgement;
use super::place::PlaceKey;
use crate::body::Body;
use crate::ids::{AgentId, AttemptId, Party};

/// A change to a path that only a person may let through, with the object that would stand there (`None`: deleted).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ProtectedChange {
    pub path: String,
    pub object: Option<String>,
}

/// What an attempt left, computed from its files and commits; never from what its agent says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The commit that would be merged, pinned in the control repository.
    pub head: String,
    pub tree: String,
    /// Commits since the base.
    pub commits: u32,
    /// Whether anything differs from the base.
    pub changed: bool,
    /// Files were left uncommitted and were committed by rule.
    pub auto_committed: bool,
    pub files: u32,
    pub insertions: u64,
    pub deletions: u64,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub protected: BTreeSet<ProtectedChange>,
    /// Oddities, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// One step of a team: somebody else looks at the attempt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Review {
    /// 0, 1, 2 … in the team's order.
    pub step: u32,
    pub role: String,
    pub agent: AgentId,
    pub place: PlaceKey,
    /// Its clone is ready and it was told.
    pub prepared: bool,
    /// It was reminded that it owes a verdict.
    pub reminded: bool,
    pub verdict: Option<(bool, Body)>,
}

/// Where an attempt stands. The service, its agent or a person moves it on; `why` says who.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// The service makes or refreshes its clone.
    Preparing,
    /// Its agent works.
    Running,
    /// The service takes in what it left.
    Collecting,
    /// Taken in; the next stage follows in the same batch.
    Collected,
    /// A member of its team looks at it.
    Reviewing,
    /// A person decides about protected paths.
    Held { deadline: Timestamp },
    /// It waits in the merge queue.
    Queued,
    /// The merge queue works on it.
    Landing,
}

/// Work of the service that failed and is tried again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Delay {
    pub tries: u32,
    pub until: Timestamp,
    pub why: String,
}

/// An open attempt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    pub id: AttemptId,
    /// 1, 2, 3 … within the ticket.
    pub number: u32,
    /// The worker's number, 1 to the session's count of workers.
    pub worker: u32,
    pub place: Option<PlaceKey>,
    pub agent: Option<AgentId>,
    /// Made for a conflict that its author could not resolve.
    pub resolver: bool,
    /// The clone and the agent are new; otherwise those of the attempt before go on.
    pub fresh: bool,
    pub began_at: Timestamp,
    pub stage: Stage,
    pub since: Timestamp,
    /// The newest target when its clone was made or refreshed.
    pub base: Option<String>,
    pub evidence: Option<Evidence>,
    pub reviews: Vec<Review>,
    /// Its agent's own words about it: done or not, and a summary.
    pub reported: Option<(bool, String)>,
    /// How often its agent was told to go on after it was cut off.
    pub continued: u32,
    pub delay: Option<Delay>,
    /// When its work was merged all the same: what gates said of it before they let it through.
    pub flakes: Vec<Judgement>,
}

impl Attempt {
    /// Whether it takes up a worker.
    pub fn holds_worker(&self) -> bool {
        !matches!(self.stage, Stage::Queued | Stage::Landing | Stage::Held { .. })
    }

    /// The number in the name of its branch: that of the attempt for which its clone was made.
    pub fn branch_number(&self) -> u32 {
        self.place.as_ref().and_then(PlaceKey::attempt).unwrap_or(self.number)
    }

    /// The review that is under way.
    pub fn open_review(&self) -> Option<&Review> {
        self.reviews.last().filter(|review| review.verdict.is_none())
    }
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AttemptEnd {
    /// Its work is part of the target.
    Merged,
    Failed(ErrorClass),
    Stopped,
}

/// An attempt that ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttemptSummary {
    pub id: AttemptId,
    pub number: u32,
    pub worker: u32,
    pub agent: Option<AgentId>,
    pub began_at: Timestamp,
    pub ended_at: Timestamp,
    pub end: AttemptEnd,
    pub why: String,
    /// The real output of what failed.
    pub detail: Option<Body>,
    pub head: Option<String>,
    pub by: Option<Party>,
    /// Of one that was merged: verdicts of its landing that were no pass, of flaky gates. The passes stand with the tree.
    pub flakes: Vec<Judgement>,
}
