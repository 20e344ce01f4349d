use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{MergeState, OnUpstream, TicketStatus};

/// A ticket that another one waits for or builds on, as the agent of that other one needs to know it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Upstream {
    pub id: u32,
    pub title: String,
    /// Null for one that was merged and deleted.
    pub status: Option<TicketStatus>,
    pub merge_status: MergeState,
    /// Its agent's own words about its work.
    pub summary: Option<String>,
    /// A line for each file that it changed, such as `src/a.rs +12 -3`.
    pub diff_summary: Vec<String>,
    pub is_checkpoint: bool,
    /// What becomes of the other one when this ends without being merged.
    pub on_upstream: OnUpstream,
}

/// What a ticket waits for or builds on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Deps {
    pub ticket_id: u32,
    pub dependencies: Vec<Upstream>,
    /// Tickets that wait for it.
    pub dependents: Vec<u32>,
}
