//! Strict clients: they read a stream as the agents do and panic where those would throw.

use legion_dialects::Dialect;
use legion_dialects::sse::Splitter;
use legion_dialects::translate::{Memory, Stream};
use serde_json::Value;

/// A message as a client put it together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Message {
    pub blocks: Vec<Block>,
    pub stop: Option<String>,
    /// The numbers at the start.
    pub start_usage: Value,
    /// The numbers at the end.
    pub usage: Value,
    pub error: Option<Value>,
    pub complete: bool,
    pub model: String,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Block {
    Text(String),
    Thinking { text: String, signature: String },
    Redacted(String),
    Tool { id: String, name: String, arguments: String },
}

impl Message {
    pub fn tools(&self) -> Vec<(String, Value)> {
        self.blocks
            .iter()
            .filter_map(|block| match block {
                Block::Tool { name, arguments, .. } => {
                    let arguments = serde_json::from_str(arguments)
                        .unwrap_or_else(|error| panic!("arguments {arguments:?}: {error}"));
                    Some((name.clone(), arguments))
                }
                _ => None,
            })
            .collect()
    }

    pub fn text(&self) -> String {
        self.blocks
            .iter()
            .filter_map(|block| match block {
                Block::Text(text) => Some(text.as_str()),
                _ => None,
            })
            .collect()
    }
}

/// Runs a stream through in one piece, with its end.
pub fn run(from: Dialect, to: Dialect, memory: Memory, upstream: &[u8]) -> (Vec<u8>, Stream) {
    let mut stream = Stream::new(from, to, memory);
    let mut out = stream.push(upstream);
    out.extend(stream.finish());
    (out, stream)
}

/// Chunks of a Chat stream.
pub fn chat(chunks: &[&str]) -> Vec<u8> {
    chunks.iter().flat_map(|chunk| format!("data: {chunk}\n\n").into_bytes()).collect()
}

/// A chunk of a Chat stream with this delta.
pub fn delta(delta: &str) -> String {
    format!(r#"{{"id":"chatcmpl-1","model":"up","choices":[{{"index":0,"delta":{delta},"finish_reason":null}}]}}"#)
}

/// The last chunk before the numbers.
pub fn finish(reason: &str) -> String {
    format!(r#"{{"id":"chatcmpl-1","model":"up","choices":[{{"index":0,"delta":{{}},"finish_reason":"{reason}"}}]}}"#)
}

/// Events of an Anthropic stream.
pub fn anthropic(events: &[&str]) -> Vec<u8> {
    events
        .iter()
        .flat_map(|event| {
            let kind = serde_json::from_str::<Value>(event).unwrap()["type"].as_str().unwrap().to_owned();
            format!("event: {kind}\ndata: {event}\n\n").into_bytes()
        })
        .collect()
}

pub fn events(bytes: &[u8]) -> Vec<(String, String)> {
    let mut splitter = Splitter::default();
    splitter.push(bytes);
    let mut events = Vec::new();
    while let Some(event) = splitter.next() {
        let event = event.unwrap();
        events.push((event.name, event.data));
    }
    assert!(splitter.finish().is_none(), "the stream ends within an event");
    events
}

/// Reads an Anthropic stream; panics on what makes Claude Code fall back.
pub fn read_anthropic(bytes: &[u8]) -> Message {
    let mut message = Message::default();
    let mut open: Option<usize> = None;
    let mut started = false;
    for (name, data) in events(bytes) {
        let event: Value = serde_json::from_str(&data).unwrap_or_else(|error| panic!("{data}: {error}"));
        assert_eq!(event["type"], name.as_str());
        assert!(!message.complete && message.error.is_none(), "{name} after the end");
        if name == "error" {
            message.error = Some(event["error"].clone());
            continue;
        }
        assert!(started || name == "message_start", "{name} before message_start");
        match name.as_str() {
            "message_start" => {
                assert!(!started, "two message_start");
                started = true;
                message.start_usage = event["message"]["usage"].clone();
                message.model = event["message"]["model"].as_str().unwrap().to_owned();
            }
            "content_block_start" => {
                assert_eq!(open, None, "a block begins within a block");
                let index = event["index"].as_u64().unwrap() as usize;
                assert_eq!(index, message.blocks.len(), "indices rise by one");
                open = Some(index);
                let block = &event["content_block"];
                let text = |name: &str| block[name].as_str().unwrap().to_owned();
                message.blocks.push(match block["type"].as_str().unwrap() {
                    "text" => Block::Text(text("text")),
                    "thinking" => Block::Thinking { text: text("thinking"), signature: text("signature") },
                    "redacted_thinking" => Block::Redacted(text("data")),
                    "tool_use" => Block::Tool { id: text("id"), name: text("name"), arguments: String::new() },
                    other => panic!("a block of type {other}"),
                });
            }
            "content_block_delta" => {
                let index = event["index"].as_u64().unwrap() as usize;
                assert_eq!(open, Some(index), "Content block not found");
                let delta = &event["delta"];
                let piece = |name: &str| delta[name].as_str().unwrap();
                match (&mut message.blocks[index], delta["type"].as_str().unwrap()) {
                    (Block::Text(text), "text_delta") => text.push_str(piece("text")),
                    (Block::Thinking { text, .. }, "thinking_delta") => text.push_str(piece("thinking")),
                    (Block::Thinking { signature, .. }, "signature_delta") => {
                        *signature = piece("signature").to_owned()
                    }
                    (Block::Tool { arguments, .. }, "input_json_delta") => arguments.push_str(piece("partial_json")),
                    (block, kind) => panic!("Content block is not for {kind}: {block:?}"),
                }
            }
            "content_block_stop" => {
                assert_eq!(open.take(), Some(event["index"].as_u64().unwrap() as usize));
            }
            "message_delta" => {
                assert_eq!(open, None, "message_delta within a block");
                message.stop = Some(event["delta"]["stop_reason"].as_str().unwrap().to_owned());
                message.usage = event["usage"].clone();
            }
            "message_stop" => {
                assert!(message.stop.is_some(), "message_stop before message_delta");
                message.complete = true;
            }
            "ping" => {}
            other => panic!("an event {other}"),
        }
    }
    message
}

/// Reads a Chat stream.
pub fn read_chat(bytes: &[u8]) -> Message {
    let mut message = Message::default();
    for (name, data) in events(bytes) {
        assert_eq!(name, "");
        assert!(!message.complete, "a chunk after [DONE]");
        if data == "[DONE]" {
            assert!(message.stop.is_some(), "[DONE] without a finish reason");
            message.complete = true;
            continue;
        }
        let chunk: Value = serde_json::from_str(&data).unwrap_or_else(|error| panic!("{data}: {error}"));
        if chunk.get("error").is_some() {
            message.error = Some(chunk["error"].clone());
            continue;
        }
        assert_eq!(chunk["object"], "chat.completion.chunk");
        message.model = chunk["model"].as_str().unwrap().to_owned();
        if chunk["usage"].is_object() {
            assert!(message.stop.is_some(), "numbers before the finish reason");
            message.usage = chunk["usage"].clone();
        }
        let Some(choice) = chunk["choices"].get(0) else { continue };
        read_delta(&choice["delta"], &mut message);
        if let Some(reason) = choice["finish_reason"].as_str() {
            message.stop = Some(reason.to_owned());
        }
    }
    message
}

fn read_delta(delta: &Value, message: &mut Message) {
    if let Some(more) = delta["content"].as_str().filter(|more| !more.is_empty()) {
        match message.blocks.last_mut() {
            Some(Block::Text(text)) => text.push_str(more),
            _ => message.blocks.push(Block::Text(more.to_owned())),
        }
    }
    for entry in delta["reasoning_details"].as_array().into_iter().flatten() {
        if let Some(data) = entry["data"].as_str() {
            message.blocks.push(Block::Redacted(data.to_owned()));
            continue;
        }
        if !matches!(message.blocks.last(), Some(Block::Thinking { signature, .. }) if signature.is_empty()) {
            message.blocks.push(Block::Thinking { text: String::new(), signature: String::new() });
        }
        let Some(Block::Thinking { text, signature }) = message.blocks.last_mut() else { unreachable!() };
        text.push_str(entry["text"].as_str().unwrap_or_default());
        signature.push_str(entry["signature"].as_str().unwrap_or_default());
    }
    for call in delta["tool_calls"].as_array().into_iter().flatten() {
        let index = call["index"].as_u64().unwrap() as usize;
        let mut tools: Vec<&mut Block> =
            message.blocks.iter_mut().filter(|block| matches!(block, Block::Tool { .. })).collect();
        let piece = call["function"]["arguments"].as_str().unwrap_or_default();
        if let Some(Block::Tool { arguments, .. }) = tools.get_mut(index) {
            arguments.push_str(piece);
            continue;
        }
        assert_eq!(index, tools.len(), "indices of calls rise by one");
        message.blocks.push(Block::Tool {
            id: call["id"].as_str().unwrap().to_owned(),
            name: call["function"]["name"].as_str().unwrap().to_owned(),
            arguments: piece.to_owned(),
        });
    }
}
