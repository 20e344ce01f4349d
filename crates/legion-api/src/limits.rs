use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Limits of one agent. They only narrow going down the hierarchy; null means not limited.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Limits {
    /// Turns of the model in one run.
    pub max_turns: Option<u32>,
    /// Seconds that one run may take.
    pub timeout_seconds: Option<u64>,
    pub budget: Option<Budget>,
    /// Agents that may exist below this one at the same time.
    pub headcount: Option<u32>,
    /// Levels that may exist below this one.
    pub depth: Option<u32>,
    /// Models that it and its subtree may use.
    pub models: Option<Vec<String>>,
}

/// Money of one agent and its subtree, in dollars.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Budget {
    pub total_usd: f64,
    /// Spent by it, or set aside for agents below it.
    pub committed_usd: f64,
    pub left_usd: f64,
}
