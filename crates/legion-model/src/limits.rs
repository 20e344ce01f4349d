//! Limits of one agent. They only narrow going down.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::money::MicroUsd;

/// Limits of one agent; `None` is not limited by the agent itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Turns of the model in one run.
    pub turns: Option<u32>,
    /// Seconds that one run may take.
    pub seconds: Option<u64>,
    /// Money of the agent and its subtree.
    pub budget: Option<MicroUsd>,
    /// Agents that may exist below it at the same time.
    pub headcount: Option<u32>,
    /// Levels that may exist below it.
    pub depth: Option<u32>,
    /// Models that it and its subtree may use.
    pub models: Option<BTreeSet<String>>,
}
