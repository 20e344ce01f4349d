use serde_json::Value;

use super::field::{take, text, text_or_empty};
use crate::AgentEvent;

/// The program asks its host: for permission, or for something that we do not offer.
pub(in crate::claude) fn events(mut line: Value) -> Vec<AgentEvent> {
    let request = text_or_empty(&line, "request_id");
    let mut body = take(&mut line, "request");
    let subtype = text_or_empty(&body, "subtype");
    if subtype != "can_use_tool" {
        return vec![AgentEvent::HostRequest { request, subtype }];
    }
    vec![AgentEvent::ApprovalWanted {
        request,
        tool: text_or_empty(&body, "tool_name"),
        tool_use: text(&body, "tool_use_id"),
        input: take(&mut body, "input"),
    }]
}
