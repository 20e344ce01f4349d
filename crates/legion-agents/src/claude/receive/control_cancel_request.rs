use serde_json::Value;

use super::field::text_or_empty;
use crate::AgentEvent;

/// The program no longer wants the answer to a request of its own: its turn was interrupted.
pub(in crate::claude) fn events(line: &Value) -> Vec<AgentEvent> {
    vec![AgentEvent::ApprovalWithdrawn { request: text_or_empty(line, "request_id") }]
}
