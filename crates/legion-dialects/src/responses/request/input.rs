//! Reads the input: items become turns.

use crate::error::Refused;
use crate::json::{Fields, Path, objects, string_or};
use crate::neutral::{Block, Request, Role, ToolCall, ToolResult, Turn};
use crate::responses::media;
use crate::responses::namespace::full_name;
use crate::responses::reasoning::{self, BETWEEN_PARTS};
use serde_json::value::RawValue;

/// Reads `input`: instructions in front of the conversation join the system prompt.
pub fn read(fields: &mut Fields<'_>, request: &mut Request) -> Result<(), Refused> {
    let path = Path::Root.key("input");
    let input = fields.take("input").ok_or_else(|| Refused::new(&path, "is needed"))?;
    if input.get().starts_with('"') {
        let text = string_or(input, &path, |text| text, || Err(Refused::new(&path, "must be a string or items")))?;
        add(request, Role::User, vec![Block::text(text)]);
        return Ok(());
    }
    for (index, item) in objects(input, &path)?.into_iter().enumerate() {
        read_item(item, &path.index(index), request)?;
    }
    Ok(())
}

fn read_item(mut item: Fields<'_>, path: &Path<'_>, request: &mut Request) -> Result<(), Refused> {
    let kind = item.string("type", path)?.unwrap_or_else(|| "message".to_owned());
    match kind.as_str() {
        "message" => return message(item, path, request),
        "reasoning" => {
            let thinking = reasoning::from_client(thought(&mut item, path)?, item.string("encrypted_content", path)?);
            add(request, Role::Assistant, vec![Block::Thinking(thinking)]);
        }
        "function_call" | "custom_tool_call" => {
            let custom = kind == "custom_tool_call";
            let namespace = item.string("namespace", path)?;
            let call = ToolCall {
                id: item.string_needed("call_id", path)?,
                name: full_name(namespace.as_deref(), item.string_needed("name", path)?),
                arguments: item.string(if custom { "input" } else { "arguments" }, path)?.unwrap_or_default(),
                custom,
                cache: None,
            };
            add(request, Role::Assistant, vec![Block::ToolCall(call)]);
        }
        "function_call_output" | "custom_tool_call_output" => {
            let call = item.string_needed("call_id", path)?;
            let content = output(item.take("output"), &path.key("output"))?;
            let result = ToolResult { call, content, is_error: false, cache: None };
            add(request, Role::User, vec![Block::ToolResult(result)]);
        }
        "item_reference" => {
            let why = "points to what the provider keeps; send the item itself instead";
            return Err(Refused::unsupported(path, why));
        }
        _ => {
            let role = if kind.ends_with("_output") { Role::User } else { Role::Assistant };
            add(request, role, vec![media::unknown(kind)]);
        }
    }
    Ok(())
}

fn message(mut item: Fields<'_>, path: &Path<'_>, request: &mut Request) -> Result<(), Refused> {
    let role = item.string_needed("role", path)?;
    let content = match item.take("content") {
        Some(raw) => media::read(raw, &path.key("content"))?,
        None => Vec::new(),
    };
    match role.as_str() {
        "system" | "developer" if request.turns.is_empty() => request.system.extend(content),
        "system" | "developer" => request.turns.push(Turn { role: Role::System, blocks: content }),
        "user" => add(request, Role::User, content),
        "assistant" => add(request, Role::Assistant, content),
        _ => return Err(Refused::new(&path.key("role"), "must be system, developer, user or assistant")),
    }
    Ok(())
}

/// Items of the same side that follow each other are one turn.
fn add(request: &mut Request, role: Role, blocks: Vec<Block>) {
    match request.turns.last_mut() {
        Some(last) if last.role == role => last.blocks.extend(blocks),
        _ => request.turns.push(Turn { role, blocks }),
    }
}

/// The text of a reasoning item: its summary, else its content.
fn thought(item: &mut Fields<'_>, path: &Path<'_>) -> Result<String, Refused> {
    for name in ["summary", "content"] {
        let path = path.key(name);
        let Some(raw) = item.take(name) else { continue };
        let mut texts = Vec::new();
        for (index, mut part) in objects(raw, &path)?.into_iter().enumerate() {
            texts.extend(part.string("text", &path.index(index))?);
        }
        if !texts.is_empty() {
            return Ok(texts.join(BETWEEN_PARTS));
        }
    }
    Ok(String::new())
}

fn output(raw: Option<&RawValue>, path: &Path<'_>) -> Result<Vec<Block>, Refused> {
    match raw {
        None => Ok(Vec::new()),
        // Some clients send the object itself.
        Some(raw) if raw.get().starts_with('{') => Ok(vec![Block::text(raw.get())]),
        Some(raw) => media::read(raw, path),
    }
}
