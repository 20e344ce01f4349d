use serde_json::Value;

use super::{take, text, text_or_empty};
use crate::AgentEvent;

/// The answer to a request of ours.
pub(in crate::claude) fn events(mut line: Value) -> Vec<AgentEvent> {
    let mut response = take(&mut line, "response");
    vec![AgentEvent::ControlAnswered {
        request: text_or_empty(&response, "request_id"),
        ok: response["subtype"] == "success",
        error: text(&response, "error"),
        body: take(&mut response, "response"),
    }]
}
