//! A message as the Responses API of OpenAI writes it.

use serde_json::{Value, json};

use super::message::{CREATED, Frame};
use super::part::{self, Part};
use super::responses_item as item;
use crate::model_server::Stop;
use crate::model_server::answer::Message;

/// Returns the message as server-sent events: each item added, filled and done, and every event numbered.
pub(super) fn streamed(message: &Message, frame: &Frame) -> Vec<Part> {
    let items = item::items(message, frame);
    let mut stream = Stream { parts: part::lead(message), next: 0 };
    let begun = response(message, frame, &[], "in_progress");
    stream.event(json!({"type": "response.created", "response": begun}));
    stream.event(json!({"type": "response.in_progress", "response": begun}));
    let mut calls = Vec::new();
    for (output_index, item) in items.iter().enumerate() {
        match item::kind(item) {
            "reasoning" => stream.reasoning(output_index, item),
            "message" => stream.text(output_index, item, message),
            _ => calls.push((output_index, item)),
        }
    }
    if message.interleave {
        stream.calls(&calls, message);
    } else {
        calls.iter().for_each(|call| stream.calls(&[*call], message));
    }
    stream.parts.push(Part::Middle);
    let status = status(message);
    let ended = response(message, frame, &items, status);
    stream.event(json!({"type": format!("response.{status}"), "response": ended}));
    stream.parts
}

/// Returns the message as one JSON document.
pub(super) fn whole(message: &Message, frame: &Frame) -> Vec<Part> {
    part::whole(message, &response(message, frame, &item::items(message, frame), status(message)))
}

struct Stream {
    parts: Vec<Part>,
    /// The number of the next event.
    next: u64,
}

impl Stream {
    fn event(&mut self, data: Value) {
        let part = self.numbered(data);
        self.parts.push(part);
    }

    fn numbered(&mut self, mut data: Value) -> Part {
        data["sequence_number"] = json!(self.next);
        self.next += 1;
        part::named_event(&data)
    }

    fn added(&mut self, output_index: usize, item: &Value) {
        let begun = item::begun(item);
        self.event(json!({"type": "response.output_item.added", "output_index": output_index, "item": begun}));
    }

    fn done(&mut self, output_index: usize, item: &Value) {
        self.event(json!({"type": "response.output_item.done", "output_index": output_index, "item": item}));
    }

    fn reasoning(&mut self, output_index: usize, item: &Value) {
        self.added(output_index, item);
        for (index, part) in item["summary"].as_array().into_iter().flatten().enumerate() {
            let about = |kind: &str, field: &str, value: Value| {
                let kind = format!("response.reasoning_summary_{kind}");
                let mut event = json!({
                    "type": kind, "item_id": item["id"], "output_index": output_index, "summary_index": index,
                });
                event[field] = value;
                event
            };
            self.event(about("part.added", "part", json!({"type": "summary_text", "text": ""})));
            self.event(about("text.delta", "delta", part["text"].clone()));
            self.event(about("text.done", "text", part["text"].clone()));
            self.event(about("part.done", "part", part.clone()));
        }
        self.done(output_index, item);
    }

    fn text(&mut self, output_index: usize, item: &Value, message: &Message) {
        let about = |kind: &str, field: &str, value: Value| {
            let mut event = json!({
                "type": format!("response.{kind}"), "item_id": item["id"], "output_index": output_index,
                "content_index": 0,
            });
            event[field] = value;
            event
        };
        self.added(output_index, item);
        let whole = &item["content"][0];
        let mut empty = whole.clone();
        empty["text"] = json!("");
        self.event(about("content_part.added", "part", empty));
        let mut parts = Vec::new();
        let text = whole["text"].as_str().unwrap_or_default();
        part::text(&mut parts, text, message, |chunk| self.numbered(about("output_text.delta", "delta", json!(chunk))));
        self.parts.extend(parts);
        self.event(about("output_text.done", "text", whole["text"].clone()));
        self.event(about("content_part.done", "part", whole.clone()));
        self.done(output_index, item);
    }

    /// Adds calls whose fragments may come in turn; each is done when all of its arguments have come.
    fn calls(&mut self, calls: &[(usize, &Value)], message: &Message) {
        for (output_index, item) in calls {
            self.added(*output_index, item);
        }
        for event in item::argument_events(calls, message).into_iter().flatten() {
            self.event(event);
        }
        for (output_index, item) in calls {
            self.done(*output_index, item);
        }
    }
}

fn response(message: &Message, frame: &Frame, output: &[Value], status: &str) -> Value {
    let over = status != "in_progress";
    json!({
        "id": format!("resp_{}", frame.id), "object": "response", "created_at": CREATED, "status": status,
        "error": null, "incomplete_details": over.then(|| incomplete_details(message)), "model": frame.model,
        "output": output, "parallel_tool_calls": true, "store": false, "tools": [],
        "usage": over.then(|| usage(message)),
    })
}

fn status(message: &Message) -> &'static str {
    match message.stop {
        Some(Stop::MaxTokens | Stop::Refusal) => "incomplete",
        _ => "completed",
    }
}

fn incomplete_details(message: &Message) -> Value {
    match message.stop {
        Some(Stop::MaxTokens) => json!({"reason": "max_output_tokens"}),
        Some(Stop::Refusal) => json!({"reason": "content_filter"}),
        _ => Value::Null,
    }
}

fn usage(message: &Message) -> Value {
    let usage = message.usage;
    let (input, output) = (usage.whole_input(), usage.output_tokens);
    json!({
        "input_tokens": input, "input_tokens_details": {"cached_tokens": usage.cache_read_input_tokens},
        "output_tokens": output, "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": input + output,
    })
}
