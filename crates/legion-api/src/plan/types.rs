use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::upstream::PlanUpstream;
use super::values::{PlanDuration, TextOrList, TicketKey};

/// A graph of tickets with what they have in common.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Where the work goes and how much of it at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<PlanSession>,
    /// What holds for each ticket that does not say otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub defaults: Option<PlanDefaults>,
    /// The tickets; 1 to 10,000.
    pub ticket: Vec<PlanTicket>,
}

/// Where a plan's work goes and how much of it at once.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanSession {
    /// Name of the session: 1 to 64 small letters, digits, `-`, `_` and `.`. The current session when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The branch that results are merged to. The session's own branch when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Branch, tag or commit that a new target branch starts from. What is checked out when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Tickets that are worked on at the same time; 1 to 64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 64)]
    pub workers: Option<u32>,
    /// `warn` (default): tickets that mean to touch the same files run side by side all the same. `hold`: one waits for the other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^(warn|hold)$")]
    pub overlap: Option<String>,
    /// Globs of files that only a person may let a ticket change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protect: Option<Vec<String>>,
    /// For each `group`: how many of its tickets may be worked on at the same time; 1 to 64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_caps: Option<BTreeMap<String, u32>>,
}

/// What holds for each ticket of a plan that does not say otherwise. A list in a ticket replaces the list here.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanDefaults {
    /// What an agent that knows nothing of the project has to know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// What must be true in the end: one sentence, or a list of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub criteria: Option<TextOrList>,
    /// The ticket gates what comes after it: it changes nothing, and its gate runs on the merged tree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<bool>,
    /// Command line whose exit code 0 means that the work is good, or a list of them that run one after the other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<TextOrList>,
    /// How long each of these gates may take: seconds, or text such as `5m`; at most 24 hours. 30 minutes when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate_timeout: Option<PlanDuration>,
    /// Globs of the files that the ticket means to touch, relative to the repository's root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<Vec<String>>,
    /// The structure that the work shall have: exact files, names, conventions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// Id of the team that does the work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// Id of the role of the agent that does the work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Name under which `group_caps` counts the ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Number of the worker that takes it, from 1; any worker when the session has fewer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 64)]
    pub worker: Option<u32>,
    /// How the agent is run: `claude` or `command`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub driver: Option<String>,
    /// Program of a `command` agent: a line that is split as a shell would, or a list of words that are taken as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<TextOrList>,
    /// Model of the agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Attempts before the ticket has failed; 1 to 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 10)]
    pub max_attempts: Option<u32>,
    /// How long one attempt may take: seconds, or text such as `90s`, `20m`, `1h30m`; at most 24 hours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<PlanDuration>,
    /// What becomes of the ticket when one that it waits for ends without being done: `skip`, `fail` or `wait`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^(skip|fail|wait)$")]
    pub on_upstream: Option<String>,
}

/// A unit of work. Every field that `PlanDefaults` has too takes its value from there when absent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanTicket {
    /// Name of the ticket inside the plan, a string or a whole number: 1 to 64 letters, digits, `-`, `_` and `.`.
    pub id: TicketKey,
    /// One line for people. The beginning of the prompt when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What shall be done, written for somebody who knows nothing of the project; at most 1 MiB. The title when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// The tickets that must be done and merged before this one starts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<PlanUpstream>,
    /// What an agent that knows nothing of the project has to know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// What must be true in the end: one sentence, or a list of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub criteria: Option<TextOrList>,
    /// The ticket gates what comes after it: it changes nothing, and its gate runs on the merged tree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<bool>,
    /// Command line whose exit code 0 means that the work is good, or a list of them that run one after the other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<TextOrList>,
    /// How long each of these gates may take: seconds, or text such as `5m`; at most 24 hours. 30 minutes when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate_timeout: Option<PlanDuration>,
    /// Globs of the files that the ticket means to touch, relative to the repository's root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<Vec<String>>,
    /// The structure that the work shall have: exact files, names, conventions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// Id of the team that does the work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// Id of the role of the agent that does the work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Name under which `group_caps` counts the ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Number of the worker that takes it, from 1; any worker when the session has fewer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 64)]
    pub worker: Option<u32>,
    /// How the agent is run: `claude` or `command`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub driver: Option<String>,
    /// Program of a `command` agent: a line that is split as a shell would, or a list of words that are taken as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<TextOrList>,
    /// Model of the agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Attempts before the ticket has failed; 1 to 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 10)]
    pub max_attempts: Option<u32>,
    /// How long one attempt may take: seconds, or text such as `90s`, `20m`, `1h30m`; at most 24 hours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<PlanDuration>,
    /// What becomes of the ticket when one that it waits for ends without being done: `skip`, `fail` or `wait`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^(skip|fail|wait)$")]
    pub on_upstream: Option<String>,
}
