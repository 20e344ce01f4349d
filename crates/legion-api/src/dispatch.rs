use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Plan, PlanDuration, PlanUpstream, TextOrList};

/// Dispatches one ticket. All but `title` or `prompt`, and `criteria` or `gate`, have defaults.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DispatchRequest {
    /// The session that it belongs to; the current one when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// One line for people. The beginning of the prompt when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What shall be done, written for somebody who knows nothing of the project; at most 1 MiB. The title when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// What an agent that knows nothing of the project has to know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// What must be true in the end: one sentence, or a list of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub criteria: Option<TextOrList>,
    /// The tickets that must be merged before this one starts, by their numbers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<PlanUpstream>,
    /// The ticket gates what comes after it.
    #[serde(default)]
    pub checkpoint: bool,
    /// Command line whose exit code 0 means that the work is good, or a list of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<TextOrList>,
    /// How long each of these gates may take; 30 minutes when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate_timeout: Option<PlanDuration>,
    /// Globs of the files that the ticket means to touch, relative to the repository's root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<Vec<String>>,
    /// The structure that the work shall have: exact files, names, conventions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Name under which the session's caps count the ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Number of the worker that should take it, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<u32>,
    /// `claude` or `command`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub driver: Option<String>,
    /// Program of a `command` agent: a line that is split as a shell would, or a list of words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<TextOrList>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Attempts before the ticket has failed; 1 to 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_attempts: Option<u32>,
    /// How long one run of its agent may take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<PlanDuration>,
    /// `skip`, `fail` or `wait` (default).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_upstream: Option<String>,
}

/// Dispatches a whole plan: all of it, or nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanRequest {
    /// The session that its tickets belong to. When absent: the one that the plan names, else the current one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    pub plan: Plan,
}

/// The tickets are in the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Dispatched {
    pub session: String,
    /// Their numbers, in the order of the request.
    pub tickets: Vec<u32>,
    /// Number of an event from before they were there: what happens to them comes after it.
    pub position: u64,
    /// What may be meant so, in plain sentences. A repeated call may have fewer of them.
    pub warnings: Vec<String>,
}

/// What is wrong with one thing in a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlanProblem {
    /// Stable word, such as `circle` or `unknown-upstream`.
    pub kind: String,
    /// The id of the ticket inside the plan.
    pub ticket: Option<String>,
    /// A sentence that names the ticket.
    pub text: String,
}

/// What a plan is like, without anything being done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PlanCheck {
    /// Whether it could be dispatched as it is.
    pub valid: bool,
    pub tickets: u32,
    /// Tickets of the longest chain; 0 when the plan has problems.
    pub levels: u32,
    /// Most tickets that could be worked on at the same time; 0 when the plan has problems.
    pub widest: u32,
    pub problems: Vec<PlanProblem>,
    pub warnings: Vec<String>,
}
