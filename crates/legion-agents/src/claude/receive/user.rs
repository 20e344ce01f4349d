use serde_json::Value;
use uuid::Uuid;

use super::field::text_or_empty;
use crate::AgentEvent;

/// A message of ours that the program took up (echoed), the result of a tool, or words that the program put in itself.
pub(in crate::claude) fn events(line: &Value) -> Vec<AgentEvent> {
    if line["isReplay"] == true {
        let injection = line["uuid"].as_str().and_then(|text| Uuid::try_parse(text).ok());
        return match injection {
            Some(injection) => vec![AgentEvent::InputSeen { injection }],
            None => vec![AgentEvent::Other { kind: "user/replay".to_owned() }],
        };
    }
    let blocks = line["message"]["content"].as_array().map_or(&[][..], Vec::as_slice);
    let results: Vec<AgentEvent> = blocks.iter().filter_map(tool_result).collect();
    if results.is_empty() { vec![AgentEvent::Other { kind: "user".to_owned() }] } else { results }
}

fn tool_result(block: &Value) -> Option<AgentEvent> {
    (block["type"] == "tool_result").then(|| AgentEvent::ToolResult {
        id: text_or_empty(block, "tool_use_id"),
        text: content_text(&block["content"]),
        is_error: block["is_error"] == true,
    })
}

fn content_text(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(blocks) => {
            let texts: Vec<&str> = blocks.iter().filter_map(|block| block["text"].as_str()).collect();
            texts.join("\n")
        }
        _ => String::new(),
    }
}
