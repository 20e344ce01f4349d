use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::stream::Event;

/// A page of the audit, oldest first: refusals, secrets that were handed out (by name), and what the person let through.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AuditPage {
    pub events: Vec<Event>,
    /// The number to go on after, when there are more.
    pub next: Option<u64>,
}
