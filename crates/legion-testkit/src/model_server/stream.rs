//! A message on the wire: as a list of parts to send, wait for, or break at.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use super::answer::Message;

/// One thing that happens on the way of an answer.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Part {
    Send(Bytes),
    Pause(Duration),
    Gate(String),
    /// Cut the connection.
    Cut,
}

/// Ids of one answer.
pub(super) struct Ids {
    pub message: String,
    /// One for each tool call.
    pub calls: Vec<String>,
}

/// Returns the message as server-sent events.
pub(super) fn streamed(message: &Message, ids: &Ids, model: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    if !message.delay.is_zero() {
        parts.push(Part::Pause(message.delay));
    }
    parts.extend(message.gate.clone().map(Part::Gate));
    let mut usage = json!(message.usage);
    usage["output_tokens"] = json!(1);
    let head = json!({
        "id": ids.message, "type": "message", "role": "assistant", "model": model, "content": [],
        "stop_reason": null, "stop_sequence": null, "usage": usage,
    });
    parts.push(event("message_start", json!({ "message": head })));
    let mut index = 0;
    if let Some(thinking) = &message.thinking {
        let deltas = [
            json!({"type": "thinking_delta", "thinking": thinking}),
            json!({"type": "signature_delta", "signature": "scripted"}),
        ];
        block(&mut parts, &mut index, json!({"type": "thinking", "thinking": "", "signature": ""}), deltas);
    }
    if let Some(text) = &message.text {
        text_block(&mut parts, &mut index, text, message);
    }
    for ((name, input), id) in message.calls.iter().zip(&ids.calls) {
        let start = json!({"type": "tool_use", "id": id, "name": name, "input": {}});
        let delta = json!({"type": "input_json_delta", "partial_json": input.to_string()});
        block(&mut parts, &mut index, start, [delta]);
    }
    if message.cut {
        parts.push(Part::Cut);
    }
    parts.push(event(
        "message_delta",
        json!({"delta": {"stop_reason": stop_reason(message), "stop_sequence": null}, "usage": message.usage}),
    ));
    parts.push(event("message_stop", json!({})));
    parts
}

/// Returns the message as one JSON document.
pub(super) fn whole(message: &Message, ids: &Ids, model: &str) -> Vec<Part> {
    let mut content = Vec::new();
    if let Some(thinking) = &message.thinking {
        content.push(json!({"type": "thinking", "thinking": thinking, "signature": "scripted"}));
    }
    if let Some(text) = &message.text {
        content.push(json!({"type": "text", "text": text}));
    }
    for ((name, input), id) in message.calls.iter().zip(&ids.calls) {
        content.push(json!({"type": "tool_use", "id": id, "name": name, "input": input}));
    }
    let body = json!({
        "id": ids.message, "type": "message", "role": "assistant", "model": model, "content": content,
        "stop_reason": stop_reason(message), "stop_sequence": null, "usage": message.usage,
    });
    let chunks = u32::try_from(message.chunks).unwrap_or(u32::MAX);
    let mut parts = vec![Part::Pause(message.delay + message.before_chunk * chunks)];
    parts.extend(message.gate.clone().map(Part::Gate));
    parts.extend(message.hold.clone().map(Part::Gate));
    if message.cut {
        parts.push(Part::Cut);
    }
    parts.push(Part::Send(body.to_string().into()));
    parts
}

fn text_block(parts: &mut Vec<Part>, index: &mut usize, text: &str, message: &Message) {
    parts.push(event("content_block_start", json!({"index": index, "content_block": {"type": "text", "text": ""}})));
    for (number, chunk) in chunks(text, message.chunks).into_iter().enumerate() {
        if number == 1 {
            parts.extend(message.hold.clone().map(Part::Gate));
            if message.cut {
                parts.push(Part::Cut);
            }
        }
        if !message.before_chunk.is_zero() {
            parts.push(Part::Pause(message.before_chunk));
        }
        parts.push(event(
            "content_block_delta",
            json!({"index": index, "delta": {"type": "text_delta", "text": chunk}}),
        ));
    }
    parts.push(event("content_block_stop", json!({ "index": index })));
    *index += 1;
}

fn block(parts: &mut Vec<Part>, index: &mut usize, start: Value, deltas: impl IntoIterator<Item = Value>) {
    parts.push(event("content_block_start", json!({"index": index, "content_block": start})));
    for delta in deltas {
        parts.push(event("content_block_delta", json!({"index": index, "delta": delta})));
    }
    parts.push(event("content_block_stop", json!({ "index": index })));
    *index += 1;
}

fn event(kind: &str, mut data: Value) -> Part {
    data["type"] = json!(kind);
    Part::Send(format!("event: {kind}\ndata: {data}\n\n").into())
}

fn stop_reason(message: &Message) -> &'static str {
    if message.calls.is_empty() { "end_turn" } else { "tool_use" }
}

/// Splits `text` into at most `count` pieces of nearly the same number of characters.
fn chunks(text: &str, count: usize) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    let size = characters.len().div_ceil(count).max(1);
    characters.chunks(size).map(|chunk| chunk.iter().collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_hold_the_whole_text() {
        assert_eq!(chunks("abcdeé", 4).concat(), "abcdeé");
        assert_eq!(chunks("abcdeé", 4).len(), 3);
        assert_eq!(chunks("", 4), Vec::<String>::new());
    }
}
