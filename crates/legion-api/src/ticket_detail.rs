use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{ErrorClass, OnUpstream, Rescue, Ticket, Why};

/// One ticket with everything that is known of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TicketDetail {
    pub ticket: Ticket,
    /// What shall be done. Empty for a checkpoint that only runs its gates.
    pub prompt: String,
    pub context: Option<String>,
    pub criteria: Vec<String>,
    /// The structure that the work shall have.
    pub plan: Option<String>,
    /// Program line of a `command` agent.
    pub command: Option<String>,
    /// Seconds that one run of its agent may take.
    pub timeout_seconds: u64,
    pub on_upstream: OnUpstream,
    /// The worker that should take it.
    pub wanted_worker: Option<u32>,
    /// What its next attempt will be told of the one before.
    pub feedback: Option<String>,
    /// Who moves it on, and until when.
    pub why: Why,
    /// The open attempt.
    pub attempt: Option<AttemptDetail>,
    /// Attempts that ended, oldest first.
    pub history: Vec<AttemptRecord>,
    /// Verdicts of gates with what they wrote: of the landing that is under way, else of the tree that was merged.
    pub verdicts: Vec<GateVerdict>,
    /// Files that were secured before something was removed, oldest first.
    pub rescues: Vec<Rescue>,
}

/// An open attempt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AttemptDetail {
    pub id: String,
    /// 1, 2, 3 … within the ticket.
    pub number: u32,
    pub worker: u32,
    pub agent: Option<String>,
    /// Branch in its clone.
    pub branch: String,
    /// Directory of its clone, once it is made.
    pub directory: Option<String>,
    /// Made for a conflict that its author could not resolve.
    pub resolver: bool,
    pub began_at: Timestamp,
    /// The commit that its clone was made or refreshed on.
    pub base: Option<String>,
    pub evidence: Option<Evidence>,
    pub reviews: Vec<Review>,
    /// Until when a person decides about protected files.
    pub held_until: Option<Timestamp>,
    /// Why work of the service for it is tried again, and when.
    pub delayed: Option<Delayed>,
}

/// Work of the service that failed and is tried again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Delayed {
    pub tries: u32,
    pub until: Timestamp,
    pub why: String,
}

/// What an attempt left, computed from its files and commits; never from what its agent says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Evidence {
    /// The commit that would be merged.
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
    /// Changes to files that only a person may let through.
    pub protected: Vec<ProtectedChange>,
    /// Oddities, in words.
    pub notes: Vec<String>,
}

/// A change to a file that only a person may let through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProtectedChange {
    pub path: String,
    /// The object that would stand there; null when it would be deleted.
    pub object: Option<String>,
}

/// One step of a team: somebody else looks at the attempt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Review {
    /// 0, 1, 2 … in the team's order.
    pub step: u32,
    pub role: String,
    pub agent: String,
    /// Null while the verdict is owed.
    pub approved: Option<bool>,
    pub text: Option<String>,
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AttemptEnd {
    /// Its work is part of the target.
    Merged,
    Failed,
    Stopped,
}

/// An attempt that ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AttemptRecord {
    pub id: String,
    pub number: u32,
    pub worker: u32,
    pub agent: Option<String>,
    pub began_at: Timestamp,
    pub ended_at: Timestamp,
    pub end: AttemptEnd,
    /// The class of the error, of one that failed.
    pub error: Option<ErrorClass>,
    pub why: String,
    /// The real output of what failed.
    pub detail: Option<String>,
    /// The commit that it left.
    pub head: Option<String>,
    /// Who ended it, when it was somebody's order: UUID or `root`.
    pub by: Option<String>,
}

/// What a gate said about a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    Passed,
    Failed,
    TimedOut,
    /// There is no such command.
    NotFound,
    /// It ended without an answer, and runs again.
    Lost,
}

impl Verdict {
    /// The word used in JSON and on screens.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::TimedOut => "timed-out",
            Self::NotFound => "not-found",
            Self::Lost => "lost",
        }
    }
}

/// A verdict with its evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct GateVerdict {
    /// Name of the gate.
    pub gate: String,
    pub verdict: Verdict,
    pub exit_code: Option<i32>,
    pub ms: u64,
    pub at: Timestamp,
    /// Id of the run of the gate.
    pub run: String,
    /// The end of what it wrote; null where a list leaves it out.
    pub log: Option<String>,
}
