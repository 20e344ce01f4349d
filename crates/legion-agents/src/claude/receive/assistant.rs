use serde_json::Value;

use super::field::{take, text_or_empty};
use crate::AgentEvent;

/// The model of messages that the program wrote itself, such as "API Error: …": no words of the agent.
const SYNTHETIC_MODEL: &str = "<synthetic>";

/// A block of the model's answer. (Its `usage` is that of the start; the result has the turn's.)
pub(in crate::claude) fn events(mut line: Value) -> Vec<AgentEvent> {
    let mut message = take(&mut line, "message");
    if message["model"] == SYNTHETIC_MODEL {
        return vec![AgentEvent::Other { kind: "assistant/synthetic".to_owned() }];
    }
    match message.get_mut("content").and_then(Value::as_array_mut) {
        Some(blocks) if !blocks.is_empty() => blocks.iter_mut().map(block).collect(),
        _ => vec![AgentEvent::Other { kind: "assistant".to_owned() }],
    }
}

fn block(block: &mut Value) -> AgentEvent {
    match block["type"].as_str() {
        Some("text") => AgentEvent::Text { text: text_or_empty(block, "text") },
        Some("thinking") => AgentEvent::Thought { text: text_or_empty(block, "thinking") },
        Some("tool_use") => AgentEvent::ToolCall {
            id: text_or_empty(block, "id"),
            name: text_or_empty(block, "name"),
            input: take(block, "input"),
        },
        _ => AgentEvent::Other { kind: "assistant/block".to_owned() },
    }
}
