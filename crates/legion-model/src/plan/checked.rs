use std::collections::BTreeMap;

use crate::driver::DriverKind;
use crate::glob::Glob;
use crate::graph::Graph;
use crate::tickets::{OnUpstream, Overlap, SessionName};

use super::overlap::OverlapPair;
use super::problem::PlanWarning;

/// A plan without problems. Tickets are named by their place in `tickets`, which is the order of the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedPlan {
    pub session_name: Option<SessionName>,
    pub target: Option<String>,
    pub from: Option<String>,
    pub workers: Option<u32>,
    pub overlap: Overlap,
    pub protect: Vec<Glob>,
    pub group_caps: BTreeMap<String, u32>,
    pub tickets: Vec<CheckedTicket>,
    /// Who waits for whom; it also knows the order and the levels.
    pub graph: Graph,
    /// Pairs of tickets that mean to touch the same files with nothing to order them; at most
    /// [`OVERLAPS_MAX`](super::bounds::OVERLAPS_MAX).
    pub overlaps: Vec<OverlapPair>,
    pub warnings: Vec<PlanWarning>,
}

/// A ticket with the plan's defaults merged in. What is absent is left to the repository's and the service's settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedTicket {
    /// Its id inside the plan.
    pub key: String,
    /// One line; from the prompt when the plan had none.
    pub title: String,
    /// The title when the plan had none.
    pub prompt: String,
    pub context: Option<String>,
    pub criteria: Vec<String>,
    pub checkpoint: bool,
    /// Command lines that run one after the other. Empty: the repository's.
    pub gate: Vec<String>,
    /// For each of these command lines.
    pub gate_timeout_seconds: Option<u64>,
    pub files: Vec<Glob>,
    pub plan: Option<String>,
    pub team: Option<String>,
    pub role: Option<String>,
    pub group: Option<String>,
    pub worker: Option<u32>,
    pub driver: Option<DriverKind>,
    pub command: Option<Vec<String>>,
    pub model: Option<String>,
    pub max_attempts: Option<u32>,
    pub timeout_seconds: Option<u64>,
    pub on_upstream: OnUpstream,
    /// Of those that it waits for, by their places: the ones that have a policy of their own.
    pub policies: BTreeMap<usize, OnUpstream>,
}

impl CheckedPlan {
    /// The keys of the tickets, each behind those that it waits for.
    pub fn order(&self) -> impl Iterator<Item = &str> {
        self.graph.order().iter().map(|at| self.tickets[*at].key.as_str())
    }
}
