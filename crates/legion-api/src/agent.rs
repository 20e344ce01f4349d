use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Limits, OnRestart, Permissions, Run, Usage};

/// How an agent is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Driver {
    /// Claude Code over stream-json.
    Claude,
    /// Any program; its contract is in `docs/command-agents.md`.
    Command,
}

impl Driver {
    /// The word used in JSON, flags and the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Claude => "claude",
            Self::Command => "command",
        }
    }
}

/// Whether an agent has a run open whose process lives. Derived at the moment of asking, never stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AgentStatus {
    Working,
    Idle,
}

impl AgentStatus {
    /// The word used in JSON and on screens.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Working => "working",
            Self::Idle => "idle",
        }
    }
}

/// One agent. The person at the top is `{"id":"root","level":0,…}` and has no driver.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Agent {
    /// UUID, or `root` for the person.
    pub id: String,
    pub name: String,
    pub role: Option<String>,
    /// UUID of the parent, or `root`; null for `root` itself.
    pub parent: Option<String>,
    /// Depth below the person: 1, 2, 3 …; 0 for `root`.
    pub level: u32,
    pub driver: Option<Driver>,
    /// Program line of a `command` agent.
    pub command: Option<String>,
    pub model: Option<String>,
    /// Working directory, absolute.
    pub cwd: Option<String>,
    /// Directory of the project that the agent belongs to.
    pub project: Option<String>,
    /// Tools it may use; null means all that the driver has.
    pub tools: Option<Vec<String>>,
    pub permission_mode: Option<String>,
    /// How it is held: `full`, `landlock` or `none`; null for `root`.
    #[serde(default)]
    pub tier: Option<String>,
    /// Paths that it may reach; null is everything in its working directory.
    #[serde(default)]
    pub permissions: Option<Permissions>,
    pub limits: Limits,
    pub on_restart: OnRestart,
    pub status: AgentStatus,
    /// The open run, or null.
    pub run: Option<Run>,
    /// Messages that wait to be delivered to it.
    pub queued: u32,
    /// Sum over all of its runs.
    pub usage: Usage,
    /// Dollars spent by its runs, as its driver reports them; null when none of them reported money.
    pub cost_usd: Option<f64>,
    /// Of `cost_usd`, dollars that its program reported and the gateway did not see, as it has a login of its own and calls its
    /// provider directly: routes and budgets of the gateway do not hold for them. Absent when there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beside_gateway_usd: Option<f64>,
    /// False when a message cannot reach it before its turn ends.
    pub can_steer: bool,
    pub hired_at: Option<Timestamp>,
    /// Why its process is under suspicion, when it is.
    pub suspect: Option<String>,
}

/// A page of agents.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AgentPage {
    pub agents: Vec<Agent>,
    /// Pass as `after` to get the next page; null at the end.
    pub next: Option<String>,
}
