//! A ticket and where it stands.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::attempt::{Attempt, AttemptSummary, ProtectedChange, Stage};
use super::classify::ErrorClass;
use super::names::{SessionName, TicketId};
use super::place::PlaceKey;
use super::spec::{OnUpstream, TicketSpec};
use crate::body::Body;
use crate::ids::{AgentId, Party};
use crate::money::MicroUsd;
use crate::run::Usage;

/// How a ticket was closed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TicketOutcome {
    /// Merged, or a checkpoint that passed: the commit and its tree are the evidence.
    Done {
        commit: String,
        tree: String,
    },
    Error {
        class: ErrorClass,
    },
    Stopped,
    /// One that it waited for was not merged.
    Skipped {
        because: TicketId,
    },
}

/// Where a ticket stands, as a fact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// It waits: for others, for a time, for a worker.
    Queued {
        not_before: Option<Timestamp>,
    },
    Open(Box<Attempt>),
    Closed {
        outcome: TicketOutcome,
        why: String,
        at: Timestamp,
    },
}

/// Where a ticket stands, in the word that people see. Derived, never stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    Queued,
    Blocked,
    Working,
    Verifying,
    Merging,
    Done,
    Error,
    Stopped,
    Skipped,
}

impl Status {
    pub const ALL: [Self; 9] = [
        Self::Queued,
        Self::Blocked,
        Self::Working,
        Self::Verifying,
        Self::Merging,
        Self::Done,
        Self::Error,
        Self::Stopped,
        Self::Skipped,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Blocked => "blocked",
            Self::Working => "working",
            Self::Verifying => "verifying",
            Self::Merging => "merging",
            Self::Done => "done",
            Self::Error => "error",
            Self::Stopped => "stopped",
            Self::Skipped => "skipped",
        }
    }

    /// Whether nothing will move it but a person's or leader's order.
    pub fn is_closed(self) -> bool {
        matches!(self, Self::Done | Self::Error | Self::Stopped | Self::Skipped)
    }
}

/// One ticket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ticket {
    pub id: TicketId,
    pub session: SessionName,
    /// The id that its plan gave it.
    pub local: Option<String>,
    pub spec: TicketSpec,
    /// Tickets that must be merged first, each with what becomes of this one when that ends without being merged.
    pub after: BTreeMap<TicketId, OnUpstream>,
    /// Who dispatched it: the parent of its agents.
    pub by: Party,
    pub added_at: Timestamp,
    /// The longest chain of tickets that wait for it. Longer ones go first.
    pub rank: u32,
    pub phase: Phase,
    /// Attempts begun so far, ever.
    pub attempts: u32,
    /// Attempts that failed their verification, conflicts, and failures that pass by themselves, since it was last opened by order.
    pub failures: u32,
    pub conflicts: u32,
    pub transients: u32,
    /// The clone and the agent that the next attempt goes on with.
    pub place: Option<PlaceKey>,
    pub agent: Option<AgentId>,
    /// What the next attempt is told.
    pub feedback: Option<Body>,
    /// The next attempt gets a new agent and a new clone, to resolve a conflict.
    pub needs_resolver: bool,
    /// The newest commit of an attempt that was not merged.
    pub last_head: Option<String>,
    /// Changes to protected paths that a person let through.
    pub approved: BTreeSet<ProtectedChange>,
    pub summary: Option<String>,
    pub started_at: Option<Timestamp>,
    /// What its agents that are gone have used, with everybody below them.
    pub usage: Usage,
    /// What they have spent; `None` when none of them reports money.
    pub spent: Option<MicroUsd>,
    /// The last attempts that ended, oldest first.
    pub history: Vec<AttemptSummary>,
}

impl Ticket {
    /// Attempts that a ticket remembers.
    pub const HISTORY_MAX: usize = 20;

    pub fn attempt(&self) -> Option<&Attempt> {
        match &self.phase {
            Phase::Open(attempt) => Some(attempt),
            _ => None,
        }
    }

    pub fn is_done(&self) -> bool {
        matches!(&self.phase, Phase::Closed { outcome: TicketOutcome::Done { .. }, .. })
    }

    pub fn is_closed(&self) -> bool {
        matches!(self.phase, Phase::Closed { .. })
    }

    /// The word for where it stands; `blocked` tells whether one that it waits for is not merged yet.
    pub fn status(&self, blocked: bool) -> Status {
        match &self.phase {
            Phase::Queued { .. } if blocked => Status::Blocked,
            Phase::Queued { .. } => Status::Queued,
            Phase::Open(attempt) => match attempt.stage {
                Stage::Preparing | Stage::Running => Status::Working,
                Stage::Collecting | Stage::Collected | Stage::Reviewing | Stage::Held { .. } => Status::Verifying,
                Stage::Queued | Stage::Landing => Status::Merging,
            },
            Phase::Closed { outcome, .. } => match outcome {
                TicketOutcome::Done { .. } => Status::Done,
                TicketOutcome::Error { .. } => Status::Error,
                TicketOutcome::Stopped => Status::Stopped,
                TicketOutcome::Skipped { .. } => Status::Skipped,
            },
        }
    }

    /// Title with its number, for sentences.
    pub fn called(&self) -> String {
        format!("ticket {} `{}`", self.id, crate::body::clip(&self.spec.title, 80))
    }
}
