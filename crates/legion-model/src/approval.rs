//! Permission requests that wait for the person.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::body::Body;
use crate::ids::{AgentId, ApprovalId, MessageId, ProcessId};

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    Approved,
    Denied,
    /// Nobody decided in time: denied.
    Expired,
    /// The agent no longer asks.
    Withdrawn,
}

/// One request. It is kept until its answer was written, or its process ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Approval {
    pub id: ApprovalId,
    pub agent: AgentId,
    pub process: ProcessId,
    /// The agent program's own name for it.
    pub request: String,
    pub tool: String,
    /// JSON of the tool's input.
    pub input: Body,
    pub at: Timestamp,
    pub deadline: Timestamp,
    /// The message in the person's inbox.
    pub message: MessageId,
    pub verdict: Option<(Verdict, Option<String>)>,
}
