//! A message as the Chat Completions API of OpenAI writes it.

use serde_json::{Value, json};

use super::message::{CREATED, Frame};
use super::part::{self, Part};
use crate::model_server::Stop;
use crate::model_server::answer::Message;

/// Returns the message as server-sent events.
pub(super) fn streamed(message: &Message, frame: &Frame) -> Vec<Part> {
    let mut parts = part::lead(message);
    let delta = |delta: Value| part::bare_event(&chunk(frame, &json!([choice(&delta, None)])));
    parts.push(delta(json!({"role": "assistant", "content": ""})));
    if let Some(thinking) = message.thinking.as_ref().filter(|thinking| !thinking.is_empty()) {
        parts.push(delta(json!({"reasoning_content": thinking})));
    }
    if let Some(text) = &message.text {
        part::text(&mut parts, text, message, |chunk| delta(json!({"content": chunk})));
    }
    parts.extend(call_deltas(message, frame).into_iter().map(|call| delta(json!({"tool_calls": [call]}))));
    parts.push(Part::Middle);
    let end = choice(&json!({}), Some(finish_reason(message)));
    parts.push(part::bare_event(&chunk(frame, &json!([end]))));
    if frame.include_usage {
        let mut last = chunk(frame, &json!([]));
        last["usage"] = usage(message);
        parts.push(part::bare_event(&last));
    }
    parts.push(Part::Send("data: [DONE]\n\n".into()));
    parts
}

/// Returns the message as one JSON document.
pub(super) fn whole(message: &Message, frame: &Frame) -> Vec<Part> {
    let mut answer = json!({"role": "assistant", "content": message.text, "refusal": null});
    if let Some(thinking) = &message.thinking {
        answer["reasoning_content"] = json!(thinking);
    }
    if !message.calls.is_empty() {
        let calls = message.calls.iter().zip(&frame.call_ids).map(|(called, id)| {
            let function = json!({"name": called.tool.full_name(), "arguments": called.input.to_string()});
            json!({"id": call_id(id), "type": "function", "function": function})
        });
        answer["tool_calls"] = calls.collect();
    }
    let choice = json!({"index": 0, "message": answer, "logprobs": null, "finish_reason": finish_reason(message)});
    let body = json!({
        "id": format!("chatcmpl-{}", frame.id), "object": "chat.completion", "created": CREATED, "model": frame.model,
        "choices": [choice], "usage": usage(message),
    });
    part::whole(message, &body)
}

fn chunk(frame: &Frame, choices: &Value) -> Value {
    json!({
        "id": format!("chatcmpl-{}", frame.id), "object": "chat.completion.chunk", "created": CREATED,
        "model": frame.model, "choices": choices,
    })
}

fn choice(delta: &Value, finish_reason: Option<&str>) -> Value {
    json!({"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish_reason})
}

/// Returns the elements of `tool_calls`, one for each event. Without an index each bears its id, and a call whose
/// arguments come in one piece is one element.
fn call_deltas(message: &Message, frame: &Frame) -> Vec<Value> {
    let arguments: Vec<String> = message.calls.iter().map(|called| called.input.to_string()).collect();
    let open = |call: usize, arguments: &str| {
        let function = json!({"name": message.calls[call].tool.full_name(), "arguments": arguments});
        json!({"id": call_id(&frame.call_ids[call]), "type": "function", "function": function})
    };
    if message.no_index && message.fragments == 1 {
        return arguments.iter().enumerate().map(|(call, arguments)| open(call, arguments)).collect();
    }
    let indexed = |mut delta: Value, call: usize| {
        match message.no_index {
            true => delta["id"] = json!(call_id(&frame.call_ids[call])),
            false => delta["index"] = json!(call),
        }
        delta
    };
    let mut deltas = Vec::new();
    let mut opened = 0;
    for (call, fragment) in part::fragments(message, &arguments) {
        if call >= opened {
            deltas.push(indexed(open(call, ""), call));
            opened = call + 1;
        }
        deltas.push(indexed(json!({"function": {"arguments": fragment}}), call));
    }
    deltas
}

fn call_id(id: &str) -> String {
    format!("call_{id}")
}

fn usage(message: &Message) -> Value {
    let usage = message.usage;
    let (input, output) = (usage.whole_input(), usage.output_tokens);
    json!({
        "prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output,
        "prompt_tokens_details": {"cached_tokens": usage.cache_read_input_tokens},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
    })
}

fn finish_reason(message: &Message) -> &'static str {
    match message.stop {
        Some(Stop::EndTurn | Stop::StopSequence) => "stop",
        Some(Stop::ToolUse) => "tool_calls",
        Some(Stop::MaxTokens) => "length",
        Some(Stop::Refusal) => "content_filter",
        None if message.calls.is_empty() => "stop",
        None => "tool_calls",
    }
}
