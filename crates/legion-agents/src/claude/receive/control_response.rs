use serde_json::Value;

use super::field::{take, text, text_or_empty};
use crate::AgentEvent;

/// The answer to a request of ours.
pub(in crate::claude) fn events(mut line: Value) -> Vec<AgentEvent> {
    let mut response = take(&mut line, "response");
    // With `--replay-user-messages` our own answer to a permission request comes back.
    if response["response"]["behavior"].is_string() {
        return vec![AgentEvent::Other { kind: "control_response/replay".to_owned() }];
    }
    vec![AgentEvent::ControlAnswered {
        request: text_or_empty(&response, "request_id"),
        ok: response["subtype"] == "success",
        error: text(&response, "error"),
        body: take(&mut response, "response"),
    }]
}
