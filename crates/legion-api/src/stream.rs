use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One event of the log, as `GET /v1/events` streams it: SSE `id:` is `number`, SSE `event:` is `kind`, `data:` is this object.
/// An event of kind `lagged` is not in the log: it says that the reader was too slow and at which number to go on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Event {
    /// Position in the whole log: 1, 2, 3 …
    pub number: u64,
    pub at: Timestamp,
    /// Kebab-case name, such as `agent-hired`.
    pub kind: String,
    /// Stream that it belongs to: a project's, or the service's own.
    pub stream: String,
    /// The agent it is about, when there is one.
    pub agent: Option<String>,
    /// The ticket it is about, when there is one.
    #[serde(default)]
    pub ticket: Option<u32>,
    /// The fact itself. Fields may be added.
    #[schema(value_type = Object)]
    pub body: serde_json::Value,
}
