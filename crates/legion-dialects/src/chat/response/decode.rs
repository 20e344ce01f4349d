//! Reads an answer.

use crate::chat::{details, stop, stream::Inline, usage};
use crate::error::{Class, Refused, UpstreamError};
use crate::json::{Fields, Path, objects, text_lossy};
use crate::neutral::{Block, Response, Stop, Thinking, ToolCall};
use crate::translate::Memory;
use serde_json::value::RawValue;

/// Reads the body of an answer to `POST /v1/chat/completions`.
pub fn decode(body: &[u8], memory: &Memory) -> Result<Response, UpstreamError> {
    if let Some(error) = crate::error::parse(body) {
        return Err(error);
    }
    read(body, memory)
        .map_err(|refused| UpstreamError::new(Class::Server, format!("the provider's answer is wrong: {refused}")))
}

fn read(body: &[u8], memory: &Memory) -> Result<Response, Refused> {
    let root = Path::Root;
    let mut fields = Fields::body(body)?;
    let path = root.key("choices");
    let choices = fields.take("choices").ok_or_else(|| Refused::new(&path, "is needed"))?;
    let mut choice = objects(choices, &path)?.into_iter().next().ok_or_else(|| Refused::new(&path, "is empty"))?;
    let path = path.index(0);
    let message = choice.object("message", &path)?.ok_or_else(|| Refused::new(&path.key("message"), "is needed"))?;
    let mut response = Response {
        id: fields.take("id").map(text_lossy),
        model: fields.take("model").map(text_lossy),
        usage: fields.take("usage").and_then(usage::read),
        stop: choice.take("finish_reason").map(|raw| stop::read(&text_lossy(raw))),
        ..Response::default()
    };
    read_message(message, &path.key("message"), memory, &mut response)?;
    Ok(response)
}

fn read_message(
    mut message: Fields<'_>,
    path: &Path<'_>,
    memory: &Memory,
    response: &mut Response,
) -> Result<(), Refused> {
    let plain = message.take("reasoning_content").or_else(|| message.take("reasoning")).map(text_lossy);
    let mut thoughts = match message.take("reasoning_details") {
        Some(raw) => details::read(raw, path)?,
        None => Vec::new(),
    };
    let has_text = thoughts.iter().any(|thought| !thought.text.is_empty());
    if let Some(text) = plain.filter(|text| !text.is_empty() && !has_text) {
        thoughts.insert(0, Thinking { text, signature: None, redacted: false });
    }
    response.blocks.extend(thoughts.into_iter().map(Block::Thinking));
    if let Some(text) = message.take("content").map(content) {
        let (thought, text) = if memory.inline_thinking { Inline::split(&text) } else { (String::new(), text) };
        if !thought.is_empty() {
            response.blocks.push(Block::Thinking(Thinking { text: thought, signature: None, redacted: false }));
        }
        if !text.is_empty() {
            response.blocks.push(Block::text(text));
        }
    }
    if let Some(refusal) = message.take("refusal").map(text_lossy).filter(|text| !text.is_empty()) {
        response.blocks.push(Block::text(refusal));
        response.stop = Some(Stop::Refusal);
    }
    let calls = message.take("tool_calls").map(|raw| objects(raw, path)).transpose()?.unwrap_or_default();
    for (index, call) in calls.into_iter().enumerate() {
        response.blocks.extend(read_call(call, index, path, memory)?.map(Block::ToolCall));
    }
    if let Some(function) = message.object("function_call", path)? {
        response.blocks.extend(read_function(function, None, 0, memory).map(Block::ToolCall));
    }
    Ok(())
}

/// Text, or the texts of parts.
fn content(raw: &RawValue) -> String {
    if !raw.get().starts_with('[') {
        return text_lossy(raw);
    }
    let parts = objects(raw, &Path::Root).unwrap_or_default();
    parts.into_iter().filter_map(|mut part| part.take("text").map(text_lossy)).collect()
}

fn read_call(
    mut call: Fields<'_>,
    index: usize,
    path: &Path<'_>,
    memory: &Memory,
) -> Result<Option<ToolCall>, Refused> {
    let id = call.take("id").map(text_lossy).filter(|id| !id.is_empty());
    if let Some(mut custom) = call.object("custom", path)? {
        let name = custom.take("name").map(text_lossy).unwrap_or_default();
        let arguments = custom.take("input").map(text_lossy).unwrap_or_default();
        let id = id.unwrap_or_else(|| memory.call_id(index));
        return Ok(Some(ToolCall { id, name, arguments, custom: true, cache: None }));
    }
    let function = call.object("function", path)?.unwrap_or_default();
    Ok(read_function(function, id, index, memory))
}

/// A call without a name is no usable call.
fn read_function(mut function: Fields<'_>, id: Option<String>, index: usize, memory: &Memory) -> Option<ToolCall> {
    let name = function.take("name").map(text_lossy).filter(|name| !name.is_empty())?;
    // `text_lossy` leaves an object as it is: some servers send no string.
    let arguments = function.take("arguments").map(text_lossy).unwrap_or_default();
    let id = id.unwrap_or_else(|| memory.call_id(index));
    Some(ToolCall { id, name, arguments, custom: false, cache: None })
}
