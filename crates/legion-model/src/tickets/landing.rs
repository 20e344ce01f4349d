//! The merge queue: one landing at a time in a session.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::attempt::Delay;
use super::names::TicketId;
use super::spec::GateSpec;
use crate::body::Body;
use crate::ids::{AttemptId, GateId, GateRunId, LandingId, Party};

/// What waits to be landed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Item {
    /// An attempt at a ticket.
    Attempt { ticket: TicketId, attempt: AttemptId },
    /// Commits of the person.
    Import { number: u32, commit: String, branch: Option<String>, by: Party },
}

/// The merge, built without a working tree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Built {
    pub commit: String,
    pub tree: String,
    /// Gates that this very tree must pass: the ticket's, the session's, and those that the target's configuration names.
    pub gates: Vec<GateSpec>,
}

/// A gate that runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GateRun {
    pub id: GateRunId,
    pub gate: GateSpec,
    pub began_at: Timestamp,
    pub deadline: Timestamp,
}

/// What a gate said about a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GateVerdict {
    Passed,
    Failed,
    TimedOut,
    /// There is no such command.
    NotFound,
    /// It ended without an answer (its shim was killed, the machine went down): it runs again.
    Lost,
}

/// A verdict with its evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    pub run: GateRunId,
    pub gate: GateId,
    pub name: String,
    pub verdict: GateVerdict,
    pub exit_code: Option<i32>,
    pub ms: u64,
    /// The end of what it wrote.
    pub log: Body,
    pub at: Timestamp,
}

/// One try to move the target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Landing {
    pub id: LandingId,
    pub item: Item,
    /// Where the target stood.
    pub onto: String,
    pub began_at: Timestamp,
    pub built: Option<Built>,
    pub run: Option<GateRun>,
    /// Verdicts of this landing, both of a flaky gate.
    pub verdicts: Vec<Judgement>,
    pub delay: Option<Delay>,
}

impl Landing {
    /// Runs of a gate in this landing that gave an answer.
    pub fn answers(&self, gate: GateId) -> impl Iterator<Item = &Judgement> {
        self.verdicts.iter().filter(move |verdict| verdict.gate == gate && verdict.verdict != GateVerdict::Lost)
    }

    /// When a run of which nothing is heard counts as lost. To begin it may have failed, and be tried again.
    pub fn gate_until(&self, run: &GateRun) -> Timestamp {
        let allowed = run.deadline.duration_since(run.began_at);
        let again = self.delay.as_ref().and_then(|delay| delay.until.checked_add(allowed).ok());
        again.map_or(run.deadline, |again| again.max(run.deadline))
    }

    /// Runs of a gate in this landing that were lost.
    pub fn lost(&self, gate: GateId) -> usize {
        self.verdicts.iter().filter(|verdict| verdict.gate == gate && verdict.verdict == GateVerdict::Lost).count()
    }
}
