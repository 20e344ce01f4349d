use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Agent, AgentStatus, Driver, Message, Run, TicketCounts};

/// A direct report, as `status` shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Report {
    pub id: String,
    pub name: String,
    pub role: Option<String>,
    pub level: u32,
    pub driver: Driver,
    /// How it is held: `full`, `landlock` or `none`.
    #[serde(default)]
    pub tier: Option<String>,
    pub status: AgentStatus,
    pub run: Option<Run>,
    pub queued: u32,
    pub cost_usd: Option<f64>,
    /// Of `cost_usd`, dollars that its program reported and the gateway did not see, as it has a login of its own and calls its
    /// provider directly: routes and budgets of the gateway do not hold for them. Absent when there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beside_gateway_usd: Option<f64>,
    pub suspect: Option<String>,
}

/// The caller, the messages it has not acknowledged, its direct reports, and tickets by status.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StatusReport {
    pub agent: Agent,
    pub inbox: Vec<Message>,
    pub reports: Vec<Report>,
    /// Tickets that it may see, of all sessions that are not completed.
    #[serde(default)]
    pub tickets: TicketCounts,
}

/// An agent with everything below it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TreeNode {
    pub id: String,
    pub name: String,
    pub role: Option<String>,
    /// UUID of the parent, or `root`; null for `root` itself.
    pub parent: Option<String>,
    pub level: u32,
    /// Null for `root`.
    pub driver: Option<Driver>,
    /// How it is held: `full`, `landlock` or `none`; null for `root`.
    #[serde(default)]
    pub tier: Option<String>,
    pub status: AgentStatus,
    pub run: Option<Run>,
    pub queued: u32,
    /// Outcome word of its last finished run.
    pub last_outcome: Option<crate::Outcome>,
    pub cost_usd: Option<f64>,
    /// Of `cost_usd`, dollars that its program reported and the gateway did not see, as it has a login of its own and calls its
    /// provider directly: routes and budgets of the gateway do not hold for them. Absent when there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beside_gateway_usd: Option<f64>,
    pub suspect: Option<String>,
    /// False for an agent that a filter left out but that stands above one that it kept.
    pub matched: bool,
    #[schema(no_recursion)]
    pub reports: Vec<TreeNode>,
}

/// The organisation below the caller (for the person: everything, with `root` at the top).
pub type Tree = TreeNode;
