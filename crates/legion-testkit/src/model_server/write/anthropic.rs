//! A message as the Messages API of Anthropic writes it.

use serde_json::{Value, json};

use super::message::Frame;
use super::part::{self, Part};
use crate::model_server::Stop;
use crate::model_server::answer::Message;

/// Returns the message as server-sent events.
pub(super) fn streamed(message: &Message, frame: &Frame) -> Vec<Part> {
    let mut parts = part::lead(message);
    let mut head = head(message, frame, &[]);
    head["stop_reason"] = Value::Null;
    head["usage"]["output_tokens"] = json!(1);
    parts.push(part::named_event(&json!({"type": "message_start", "message": head})));
    let mut index = 0;
    if let Some(thinking) = &message.thinking {
        let shown = (!thinking.is_empty()).then(|| json!({"type": "thinking_delta", "thinking": thinking}));
        let signed = json!({"type": "signature_delta", "signature": message.signature});
        let deltas = shown.into_iter().chain([signed]);
        block(&mut parts, &mut index, json!({"type": "thinking", "thinking": "", "signature": ""}), deltas);
    }
    if let Some(text) = &message.text {
        let start = json!({"type": "text", "text": ""});
        parts.push(part::named_event(&json!({"type": "content_block_start", "index": index, "content_block": start})));
        part::text(&mut parts, text, message, |chunk| delta(index, &json!({"type": "text_delta", "text": chunk})));
        parts.push(part::named_event(&json!({"type": "content_block_stop", "index": index})));
        index += 1;
    }
    for (called, id) in message.calls.iter().zip(&frame.call_ids) {
        let start = json!({"type": "tool_use", "id": call_id(id), "name": called.tool.full_name(), "input": {}});
        let fragments = part::pieces(&called.input.to_string(), message.fragments).into_iter();
        let deltas = fragments.map(|fragment| json!({"type": "input_json_delta", "partial_json": fragment}));
        block(&mut parts, &mut index, start, deltas);
    }
    parts.push(Part::Middle);
    let ending = json!({"stop_reason": stop_reason(message), "stop_sequence": null});
    parts.push(part::named_event(&json!({"type": "message_delta", "delta": ending, "usage": usage(message)})));
    parts.push(part::named_event(&json!({"type": "message_stop"})));
    parts
}

/// Returns the message as one JSON document.
pub(super) fn whole(message: &Message, frame: &Frame) -> Vec<Part> {
    let mut content = Vec::new();
    if let Some(thinking) = &message.thinking {
        content.push(json!({"type": "thinking", "thinking": thinking, "signature": message.signature}));
    }
    if let Some(text) = &message.text {
        content.push(json!({"type": "text", "text": text}));
    }
    for (called, id) in message.calls.iter().zip(&frame.call_ids) {
        let name = called.tool.full_name();
        content.push(json!({"type": "tool_use", "id": call_id(id), "name": name, "input": called.input}));
    }
    part::whole(message, &head(message, frame, &content))
}

fn head(message: &Message, frame: &Frame, content: &[Value]) -> Value {
    json!({
        "id": format!("msg_{}", frame.id), "type": "message", "role": "assistant", "model": frame.model,
        "content": content, "stop_reason": stop_reason(message), "stop_sequence": null, "usage": usage(message),
    })
}

fn usage(message: &Message) -> Value {
    let mut usage = json!(message.usage);
    let hour = message.usage.cache_creation_1h_input_tokens;
    if hour > 0 {
        let minutes = message.usage.cache_creation_input_tokens.saturating_sub(hour);
        usage["cache_creation"] = json!({"ephemeral_5m_input_tokens": minutes, "ephemeral_1h_input_tokens": hour});
    }
    usage
}

fn call_id(id: &str) -> String {
    format!("toolu_{id}")
}

fn block(parts: &mut Vec<Part>, index: &mut usize, start: Value, deltas: impl IntoIterator<Item = Value>) {
    parts.push(part::named_event(&json!({"type": "content_block_start", "index": index, "content_block": start})));
    parts.extend(deltas.into_iter().map(|value| delta(*index, &value)));
    parts.push(part::named_event(&json!({"type": "content_block_stop", "index": index})));
    *index += 1;
}

fn delta(index: usize, delta: &Value) -> Part {
    part::named_event(&json!({"type": "content_block_delta", "index": index, "delta": delta}))
}

fn stop_reason(message: &Message) -> &'static str {
    match message.stop {
        Some(Stop::EndTurn) => "end_turn",
        Some(Stop::ToolUse) => "tool_use",
        Some(Stop::MaxTokens) => "max_tokens",
        Some(Stop::StopSequence) => "stop_sequence",
        Some(Stop::Refusal) => "refusal",
        None if message.calls.is_empty() => "end_turn",
        None => "tool_use",
    }
}
