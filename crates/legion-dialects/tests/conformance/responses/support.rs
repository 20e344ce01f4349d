//! What the cases share: requests, streams, and clients that put an answer together as strictly as real ones do.

use legion_dialects::translate::{self, Memory, Stream, Target};
use legion_dialects::{Dialect, Loss, Warning};
use serde_json::{Value, json};

/// A reasoning model of OpenAI.
pub fn target() -> Target {
    Target { provider: "openai".to_owned(), model: "gpt-5.2".to_owned(), ..Target::default() }
}

/// A model of Anthropic, at Anthropic.
pub fn anthropic() -> Target {
    Target {
        provider: "anthropic".to_owned(),
        model: "claude-sonnet-4-6".to_owned(),
        anthropic_itself: true,
        ..Target::default()
    }
}

/// A request in the other dialect, what was lost, and the memory of it.
pub struct Request {
    pub body: Value,
    pub warnings: Vec<Warning>,
    pub memory: Memory,
}

impl Request {
    pub fn lost(&self, loss: Loss) -> bool {
        self.warnings.iter().any(|warning| warning.loss == loss)
    }
}

pub fn request_to(from: Dialect, to: Dialect, body: &Value, target: &Target) -> Request {
    let translated = translate::request(from, to, body.to_string().as_bytes(), target)
        .unwrap_or_else(|refused| panic!("refused: {refused}"));
    let body = serde_json::from_slice(&translated.body)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&translated.body)));
    Request { body, warnings: translated.warnings, memory: translated.memory }
}

/// A request of Claude Code for OpenAI.
pub fn to_responses(body: &Value) -> Request {
    request_to(Dialect::Anthropic, Dialect::Responses, body, &target())
}

/// A request of Codex for Anthropic.
pub fn to_anthropic(body: &Value) -> Request {
    request_to(Dialect::Responses, Dialect::Anthropic, body, &anthropic())
}

/// Events of a provider of Responses, numbered and named.
pub fn sse(events: &[Value]) -> Vec<u8> {
    let mut out = String::new();
    for (number, event) in events.iter().enumerate() {
        let mut event = event.clone();
        event["sequence_number"] = json!(number);
        out += &format!("event: {}\ndata: {event}\n\n", event["type"].as_str().expect("has a type"));
    }
    out.into_bytes()
}

/// The stream for the client.
pub fn stream(from: Dialect, to: Dialect, memory: &Memory, bytes: &[u8]) -> String {
    let mut stream = Stream::new(from, to, memory.clone());
    let mut out = stream.push(bytes);
    out.extend(stream.finish());
    String::from_utf8(out).expect("is text")
}

/// The data of all events.
pub fn events(stream: &str) -> Vec<Value> {
    let data = stream.lines().filter_map(|line| line.strip_prefix("data: ")).filter(|data| *data != "[DONE]");
    data.map(|data| serde_json::from_str(data).unwrap_or_else(|error| panic!("{error}: {data}"))).collect()
}

/// The beginning of a provider's answer.
pub fn created() -> Value {
    json!({"type": "response.created", "response": {"id": "resp_1", "model": "gpt-5.2-2026", "status": "in_progress"}})
}

/// The end of a provider's answer.
pub fn completed(output: &[Value]) -> Value {
    json!({"type": "response.completed", "response": {
        "id": "resp_1", "model": "gpt-5.2-2026", "status": "completed", "output": output, "error": null,
        "usage": {
            "input_tokens": 150, "input_tokens_details": {"cached_tokens": 40}, "output_tokens": 20,
            "output_tokens_details": {"reasoning_tokens": 5}, "total_tokens": 170,
        },
    }})
}

pub fn added(index: u64, item: Value) -> Value {
    json!({"type": "response.output_item.added", "output_index": index, "item": item})
}

pub fn done(index: u64, item: Value) -> Value {
    json!({"type": "response.output_item.done", "output_index": index, "item": item})
}

/// A call as it stands at the end.
pub fn call(id: &str, name: &str, arguments: &str) -> Value {
    json!({"type": "function_call", "id": format!("fc_{id}"), "call_id": id, "name": name, "arguments": arguments,
        "status": "completed"})
}

pub fn text_of(text: &str) -> [Value; 4] {
    let item = |content: Value| json!({"type": "message", "id": "msg_1", "role": "assistant", "content": content});
    let part = json!({"type": "output_text", "text": text, "annotations": []});
    [
        added(0, item(json!([]))),
        json!({"type": "response.output_text.delta", "item_id": "msg_1", "output_index": 0, "content_index": 0,
            "delta": text}),
        json!({"type": "response.output_text.done", "item_id": "msg_1", "output_index": 0, "content_index": 0,
            "text": text}),
        done(0, item(json!([part]))),
    ]
}

/// A client of Anthropic: panics where the real one does.
pub fn read_anthropic(stream: &str) -> Value {
    let events = events(stream);
    assert_eq!(events[0]["type"], "message_start", "{stream}");
    let mut message = events[0]["message"].clone();
    let mut open: Option<usize> = None;
    let mut json_text = String::new();
    for event in &events[1..] {
        let blocks = message["content"].as_array().expect("is a list").len();
        match event["type"].as_str().expect("has a type") {
            "content_block_start" => {
                assert_eq!(
                    (open, event["index"].as_u64()),
                    (None, Some(blocks as u64)),
                    "one block at a time: {stream}"
                );
                message["content"].as_array_mut().expect("is a list").push(event["content_block"].clone());
                open = Some(blocks);
                json_text.clear();
            }
            "content_block_delta" => {
                let index = open.expect("a block is open");
                assert_eq!(event["index"].as_u64(), Some(index as u64), "{stream}");
                let delta = &event["delta"];
                let (field, piece) = match delta["type"].as_str().expect("has a type") {
                    "text_delta" => ("text", &delta["text"]),
                    "thinking_delta" => ("thinking", &delta["thinking"]),
                    "signature_delta" => ("signature", &delta["signature"]),
                    _ => {
                        json_text += delta["partial_json"].as_str().expect("is text");
                        continue;
                    }
                };
                let block = &mut message["content"][index];
                block[field] =
                    json!(block[field].as_str().unwrap_or_default().to_owned() + piece.as_str().expect("text"));
            }
            "content_block_stop" => {
                let index = open.take().expect("a block is open");
                if message["content"][index]["type"] == "tool_use" {
                    let input = serde_json::from_str(&json_text).unwrap_or_else(|error| panic!("{error}: {json_text}"));
                    message["content"][index]["input"] = input;
                }
            }
            "message_delta" => {
                message["stop_reason"] = event["delta"]["stop_reason"].clone();
                message["usage"] = event["usage"].clone();
            }
            "message_stop" => return message,
            "error" => return event.clone(),
            "ping" => {}
            other => panic!("unknown event {other}"),
        }
    }
    panic!("no end: {stream}");
}

/// A client of Responses: every event numbered, every item added, filled and done, the end repeating what came before.
pub fn read_responses(stream: &str) -> Value {
    let mut items: Vec<Value> = Vec::new();
    let mut text = String::new();
    let mut open = false;
    let names = stream.lines().filter_map(|line| line.strip_prefix("event: "));
    for ((number, event), name) in events(stream).iter().enumerate().zip(names) {
        assert_eq!(
            (event["sequence_number"].as_u64(), &event["type"]),
            (Some(number as u64), &json!(name)),
            "{stream}"
        );
        let last = items.len().wrapping_sub(1);
        if let Some(index) =
            event["output_index"].as_u64().filter(|_| !name.ends_with("added") || !name.contains("item"))
        {
            assert!(open && index == last as u64, "{name} of an item that is not open: {stream}");
        }
        if let Some(id) = event.get("item_id") {
            assert_eq!(*id, items[last]["id"], "{stream}");
        }
        match name {
            "response.created" => assert_eq!(number, 0),
            "response.in_progress" => assert_eq!(number, 1),
            "response.output_item.added" => {
                assert!(!open && event["output_index"] == json!(items.len()), "{stream}");
                items.push(event["item"].clone());
                open = true;
                text.clear();
            }
            "response.output_item.done" => {
                assert_eq!(items[last]["id"], event["item"]["id"]);
                items[last] = event["item"].clone();
                open = false;
            }
            "response.completed" | "response.incomplete" => {
                assert_eq!((&event["response"]["output"], open), (&json!(items), false), "{stream}");
                return event["response"].clone();
            }
            "response.failed" => return event["response"].clone(),
            _ if name.ends_with(".delta") => text += event["delta"].as_str().expect("is text"),
            _ if name.ends_with("part.added") || name.ends_with("part.done") => {}
            _ => {
                let whole = ["text", "arguments", "input"].iter().find_map(|field| event[*field].as_str());
                assert_eq!(whole, Some(text.as_str()), "{name}: {stream}");
            }
        }
    }
    panic!("no end: {stream}");
}
