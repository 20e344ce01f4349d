//! Items of the output of the Responses API: as they stand at the end, and the events that lead there.

use serde_json::{Value, json};

use super::message::Frame;
use super::part;
use crate::model_server::answer::{Called, Message};
use crate::model_server::read::Style;

/// Returns the complete items of a message, in the order of the output.
pub(super) fn items(message: &Message, frame: &Frame) -> Vec<Value> {
    let mut items = Vec::new();
    if let Some(thinking) = &message.thinking {
        let shown = (!thinking.is_empty()).then(|| json!({"type": "summary_text", "text": thinking}));
        let summary: Vec<Value> = shown.into_iter().collect();
        let (id, signature) = (format!("rs_{}", frame.id), &message.signature);
        items.push(json!({"id": id, "type": "reasoning", "summary": summary, "encrypted_content": signature}));
    }
    if let Some(text) = &message.text {
        items.push(json!({
            "id": format!("msg_{}", frame.id), "type": "message", "status": "completed", "role": "assistant",
            "content": [{"type": "output_text", "text": text, "annotations": [], "logprobs": []}],
        }));
    }
    let calls = message.calls.iter().zip(&frame.call_ids);
    items.extend(calls.map(|(called, id)| call(called, id)));
    items
}

fn call(called: &Called, id: &str) -> Value {
    let mut item = match called.tool.style {
        Style::Function => json!({
            "id": format!("fc_{id}"), "type": "function_call", "status": "completed",
            "arguments": called.input.to_string(),
        }),
        Style::Custom => json!({
            "id": format!("ctc_{id}"), "type": "custom_tool_call", "status": "completed",
            "input": called.input["input"].as_str().map_or_else(|| called.input.to_string(), str::to_owned),
        }),
    };
    item["call_id"] = json!(format!("call_{id}"));
    item["name"] = json!(called.tool.name);
    if let Some(namespace) = &called.tool.namespace {
        item["namespace"] = json!(namespace);
    }
    item
}

/// Returns the item as it stands when it is added.
pub(super) fn begun(item: &Value) -> Value {
    let mut item = item.clone();
    match kind(&item) {
        // Its encrypted content comes with the end.
        "reasoning" => {
            item["summary"] = json!([]);
            item["encrypted_content"] = json!("");
            return item;
        }
        "message" => item["content"] = json!([]),
        _ => {
            let field = argument_field(&item);
            item[field] = json!("");
        }
    }
    item["status"] = json!("in_progress");
    item
}

/// Returns the events between a call's beginning and its end: its arguments in fragments and as a whole.
pub(super) fn argument_events(items: &[(usize, &Value)], message: &Message) -> Vec<Vec<Value>> {
    let arguments = items.iter().map(|(_, item)| text(item)).collect::<Vec<_>>();
    let mut left: Vec<usize> = arguments.iter().map(|text| part::pieces(text, message.fragments).len()).collect();
    let mut events = Vec::new();
    for (call, fragment) in part::fragments(message, &arguments) {
        let (output_index, item) = items[call];
        let mut group = Vec::new();
        if !message.late_arguments {
            let kind = format!("{}.delta", event_stem(item));
            group.push(json!({"type": kind, "item_id": item["id"], "output_index": output_index, "delta": fragment}));
        }
        left[call] -= 1;
        if left[call] == 0 {
            group.push(arguments_done(output_index, item));
        }
        events.push(group);
    }
    events
}

/// Returns the text of a call's arguments.
pub(super) fn text(item: &Value) -> String {
    item[argument_field(item)].as_str().unwrap_or_default().to_owned()
}

pub(super) fn kind(item: &Value) -> &str {
    item["type"].as_str().unwrap_or_default()
}

fn arguments_done(output_index: usize, item: &Value) -> Value {
    let mut done = json!({
        "type": format!("{}.done", event_stem(item)), "item_id": item["id"], "output_index": output_index,
    });
    done[argument_field(item)] = item[argument_field(item)].clone();
    done
}

fn argument_field(item: &Value) -> &'static str {
    if kind(item) == "custom_tool_call" { "input" } else { "arguments" }
}

fn event_stem(item: &Value) -> &'static str {
    match kind(item) {
        "custom_tool_call" => "response.custom_tool_call_input",
        _ => "response.function_call_arguments",
    }
}
