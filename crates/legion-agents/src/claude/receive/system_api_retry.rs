use serde_json::Value;

use super::field::{number, text};
use crate::AgentEvent;

/// The provider refused a request; the program waits and asks again.
pub(in crate::claude) fn events(line: &Value) -> Vec<AgentEvent> {
    vec![AgentEvent::Retrying {
        attempt: number(line, "attempt").unwrap_or(0),
        status: line["error_status"].as_u64().and_then(|status| u16::try_from(status).ok()),
        error: text(line, "error").unwrap_or_else(|| line["error"].to_string()),
    }]
}
