use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{PlanDuration, TextOrList};

/// Stops every unfinished ticket that the caller may stop.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StopAllRequest {
    /// Of this session only; of all of the project's when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
}

/// Tickets that an order took hold of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TicketNumbers {
    pub tickets: Vec<u32>,
}

/// Opens a ticket again that was closed without being merged, and those that were skipped because of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RetryRequest {
    /// What its next attempt shall do differently.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feedback: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub criteria: Option<TextOrList>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<TextOrList>,
    /// How long each of these gates may take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate_timeout: Option<PlanDuration>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<TextOrList>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_attempts: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<PlanDuration>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<Vec<String>>,
}

/// Decides about an attempt's changes to protected files.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HeldRequest {
    /// Told to the agent with a denial.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// How an agent says its work went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReportStatus {
    /// The work is done; a reviewer lets it through.
    Done,
    /// It cannot be done; a reviewer sends it back.
    Error,
}

/// What a ticket's agent says: a worker about its work, a reviewer its verdict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportRequest {
    pub status: ReportStatus,
    /// What was done, or what must change.
    #[serde(default)]
    pub summary: String,
}

/// A report is in the log. It is no evidence: the gates decide.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Reported {
    pub ticket: u32,
    pub status: ReportStatus,
}
