//! Reads the conversation.

use super::parts;
use crate::chat::details;
use crate::error::Refused;
use crate::json::{Fields, Path, objects, string};
use crate::neutral::{Block, Request, Role, Thinking, ToolCall, ToolResult, Turn};
use crate::signature;
use crate::warning::Warning;

/// Reads `messages`: what stands in front as `system` or `developer` is the system prompt.
pub fn read(fields: &mut Fields<'_>, request: &mut Request) -> Result<(), Refused> {
    let path = Path::Root.key("messages");
    let messages = fields.take("messages").ok_or_else(|| Refused::new(&path, "is needed"))?;
    for (index, message) in objects(messages, &path)?.into_iter().enumerate() {
        read_message(message, index, &path.index(index), request)?;
    }
    Ok(())
}

fn read_message(mut message: Fields<'_>, index: usize, path: &Path<'_>, request: &mut Request) -> Result<(), Refused> {
    let role = message.string_needed("role", path)?;
    let content_path = path.key("content");
    let content = match message.take("content") {
        Some(raw) => parts::read(raw, &content_path, &mut request.warnings)?,
        None => Vec::new(),
    };
    match role.as_str() {
        "system" | "developer" if request.turns.is_empty() => request.system.extend(content),
        "system" | "developer" => request.turns.push(Turn { role: Role::System, blocks: content }),
        "user" => match request.turns.last_mut() {
            Some(last) if is_results(last) => last.blocks.extend(content),
            _ => request.turns.push(Turn { role: Role::User, blocks: content }),
        },
        "tool" => {
            let call = message.string_needed("tool_call_id", path)?;
            result(call, content, request);
        }
        "function" => {
            let call = last_call(request);
            result(call, content, request);
        }
        "assistant" => {
            let blocks = assistant(message, content, index, path, &mut request.warnings)?;
            request.turns.push(Turn { role: Role::Assistant, blocks });
        }
        _ => {
            return Err(Refused::new(&path.key("role"), "must be system, developer, user, assistant or tool"));
        }
    }
    Ok(())
}

/// A turn that begins with results: what the user says next belongs to it.
fn is_results(turn: &Turn) -> bool {
    turn.role == Role::User && matches!(turn.blocks.first(), Some(Block::ToolResult(_)))
}

fn result(call: String, content: Vec<Block>, request: &mut Request) {
    let block = Block::ToolResult(ToolResult { call, content, is_error: false, cache: None });
    match request.turns.last_mut() {
        Some(last) if is_results(last) => last.blocks.push(block),
        _ => request.turns.push(Turn { role: Role::User, blocks: vec![block] }),
    }
}

/// The id of the last call: the older form of results names a function only.
fn last_call(request: &Request) -> String {
    let blocks = request.turns.iter().rev().flat_map(|turn| turn.blocks.iter().rev());
    blocks
        .filter_map(|block| match block {
            Block::ToolCall(call) => Some(call.id.clone()),
            _ => None,
        })
        .next()
        .unwrap_or_default()
}

fn assistant(
    mut message: Fields<'_>,
    content: Vec<Block>,
    index: usize,
    path: &Path<'_>,
    warnings: &mut Vec<Warning>,
) -> Result<Vec<Block>, Refused> {
    let mut blocks: Vec<Block> = thoughts(&mut message, path)?.into_iter().map(Block::Thinking).collect();
    blocks.extend(content.into_iter().filter(|block| !matches!(block, Block::Text { text, .. } if text.is_empty())));
    if blocks.is_empty()
        && let Some(refusal) = message.string("refusal", path)?
    {
        blocks.push(Block::text(refusal));
    }
    if let Some(raw) = message.take("tool_calls") {
        let path = path.key("tool_calls");
        for (position, call) in objects(raw, &path)?.into_iter().enumerate() {
            blocks.push(Block::ToolCall(read_call(call, &path.index(position))?));
        }
    }
    if let Some(mut function) = message.object("function_call", path)? {
        let path = path.key("function_call");
        blocks.push(Block::ToolCall(ToolCall {
            id: format!("call_{index}"),
            name: function.string_needed("name", &path)?,
            arguments: function.string("arguments", &path)?.unwrap_or_default(),
            custom: false,
            cache: None,
        }));
    }
    if message.take("audio").is_some() {
        warnings.push(Warning::new(crate::warning::Loss::BlockDropped, format!("{path}.audio")));
    }
    Ok(blocks)
}

/// Thoughts in any of the forms that clients send back: with their signatures where possible.
fn thoughts(message: &mut Fields<'_>, path: &Path<'_>) -> Result<Vec<Thinking>, Refused> {
    let plain = message.take("reasoning_content").or_else(|| message.take("reasoning"));
    if let Some(raw) = message.take("reasoning_details") {
        let thoughts = details::read(raw, &path.key("reasoning_details"))?;
        if !thoughts.is_empty() {
            return Ok(thoughts);
        }
    }
    if let Some(raw) = message.take("thinking_blocks") {
        let path = path.key("thinking_blocks");
        return objects(raw, &path)?
            .into_iter()
            .enumerate()
            .map(|(index, fields)| thinking_block(fields, &path.index(index)))
            .collect();
    }
    match plain {
        Some(raw) if raw.get() != "\"\"" => {
            let text = string(raw, &path.key("reasoning_content"))?;
            Ok(vec![Thinking { text, signature: None, redacted: false }])
        }
        _ => Ok(Vec::new()),
    }
}

fn thinking_block(mut fields: Fields<'_>, path: &Path<'_>) -> Result<Thinking, Refused> {
    let data = fields.string("data", path)?;
    let redacted = data.is_some();
    let signature = data.or(fields.string("signature", path)?).filter(|text| !text.is_empty());
    Ok(Thinking {
        text: fields.string("thinking", path)?.unwrap_or_default(),
        signature: signature.map(|text| signature::read(&text)),
        redacted,
    })
}

fn read_call(mut call: Fields<'_>, path: &Path<'_>) -> Result<ToolCall, Refused> {
    let id = call.string_needed("id", path)?;
    if let Some(mut custom) = call.object("custom", path)? {
        let path = path.key("custom");
        return Ok(ToolCall {
            id,
            name: custom.string_needed("name", &path)?,
            arguments: custom.string("input", &path)?.unwrap_or_default(),
            custom: true,
            cache: None,
        });
    }
    let path_function = path.key("function");
    let mut function = call.object("function", path)?.ok_or_else(|| Refused::new(&path_function, "is needed"))?;
    let name = function.string_needed("name", &path_function)?;
    let arguments = match function.take("arguments") {
        // Some clients send the object itself.
        Some(raw) if raw.get().starts_with('{') => raw.get().to_owned(),
        Some(raw) => string(raw, &path_function.key("arguments"))?,
        None => String::new(),
    };
    Ok(ToolCall { id, name, arguments, custom: false, cache: None })
}
