//! A plan as it comes in: read, but not yet believed. Words that have to be one of a few are still text.

use std::collections::BTreeMap;

/// A graph of tickets with what they have in common.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlanSpec {
    pub session: SessionSpec,
    pub defaults: TicketFields,
    pub tickets: Vec<TicketSpec>,
}

/// Where a plan's work goes and how much of it at once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SessionSpec {
    pub name: Option<String>,
    /// The branch that results are merged to.
    pub target: Option<String>,
    /// What a new target starts from.
    pub from: Option<String>,
    pub workers: Option<u32>,
    /// `warn` or `hold`.
    pub overlap: Option<String>,
    pub protect: Vec<String>,
    pub group_caps: BTreeMap<String, u32>,
}

/// One ticket.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TicketSpec {
    /// Its id inside the plan.
    pub key: String,
    pub title: Option<String>,
    pub prompt: Option<String>,
    /// The tickets that it waits for.
    pub after: Vec<UpstreamSpec>,
    pub fields: TicketFields,
}

/// A ticket that another one waits for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UpstreamSpec {
    pub key: String,
    /// `skip`, `fail` or `wait`; as the one that waits says when absent.
    pub on_upstream: Option<String>,
}

/// What a ticket may say itself or take from the plan's defaults.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TicketFields {
    pub context: Option<String>,
    pub criteria: Option<Vec<String>>,
    pub checkpoint: Option<bool>,
    /// Command lines that run one after the other.
    pub gate: Option<Vec<String>>,
    /// For each of these command lines.
    pub gate_timeout_seconds: Option<u64>,
    /// Globs.
    pub files: Option<Vec<String>>,
    pub plan: Option<String>,
    pub team: Option<String>,
    pub role: Option<String>,
    pub group: Option<String>,
    pub worker: Option<u32>,
    pub driver: Option<String>,
    /// Program and arguments of a `command` agent.
    pub command: Option<Vec<String>>,
    pub model: Option<String>,
    pub max_attempts: Option<u32>,
    pub timeout_seconds: Option<u64>,
    pub on_upstream: Option<String>,
}

impl From<&str> for UpstreamSpec {
    fn from(key: &str) -> Self {
        Self { key: key.to_owned(), on_upstream: None }
    }
}
