//! Writes the conversation.

use super::parts;
use crate::chat::details;
use crate::json::Writer;
use crate::names::OPENAI_MAX;
use crate::neutral::{Block, Request, Role, ToolCall, ToolResult, Turn};
use crate::translate::{Memory, Target, custom};
use crate::warning::{Loss, Warning};

/// Stands in front of the text of a tool that failed: the interface has no field for it.
const FAILED: &str = "Error: ";

pub fn write(
    writer: &mut Writer,
    request: &Request,
    target: &Target,
    memory: &mut Memory,
    warnings: &mut Vec<Warning>,
) {
    if !request.system.is_empty() {
        let blocks: Vec<&Block> = request.system.iter().collect();
        message(writer, "system", &blocks, target, "system", warnings);
    }
    for (index, turn) in request.turns.iter().enumerate() {
        let at = format!("messages[{index}]");
        match turn.role {
            Role::System => {
                let blocks: Vec<&Block> = turn.blocks.iter().collect();
                message(writer, "system", &blocks, target, &at, warnings);
            }
            Role::User => user(writer, turn, target, &at, warnings),
            Role::Assistant => assistant(writer, turn, target, memory, &at, warnings),
        }
    }
}

fn message(writer: &mut Writer, role: &str, blocks: &[&Block], target: &Target, at: &str, warnings: &mut Vec<Warning>) {
    writer.open().text_field("role", role).key("content");
    parts::write(writer, blocks, target.cache_control, at, warnings);
    writer.close();
}

/// Results first, each in a message of its own directly after the calls; then what they held besides text; then the user.
fn user(writer: &mut Writer, turn: &Turn, target: &Target, at: &str, warnings: &mut Vec<Warning>) {
    let mut shown: Vec<Block> = Vec::new();
    for block in &turn.blocks {
        if let Block::ToolResult(result) = block {
            write_result(writer, result, at, warnings);
            let media = result.content.iter().filter(|block| !matches!(block, Block::Text { .. }));
            let before = shown.len();
            shown.extend(media.cloned());
            if shown.len() > before {
                shown.insert(before, Block::text(format!("From the result of tool call {}:", result.call)));
                warnings.push(Warning::new(Loss::ImageMoved, at));
            }
        }
    }
    let rest = turn.blocks.iter().filter(|block| !matches!(block, Block::ToolResult(_)));
    let blocks: Vec<&Block> = shown.iter().chain(rest).collect();
    if !blocks.is_empty() {
        message(writer, "user", &blocks, target, at, warnings);
    }
}

fn write_result(writer: &mut Writer, result: &ToolResult, at: &str, warnings: &mut Vec<Warning>) {
    let texts: Vec<&str> = result
        .content
        .iter()
        .filter_map(|block| match block {
            Block::Text { text, .. } => Some(text.as_str()),
            _ => None,
        })
        .collect();
    let mut text = texts.join("\n");
    if result.is_error {
        text.insert_str(0, FAILED);
        warnings.push(Warning::new(Loss::ToolErrorAsText, at));
    }
    writer.open().text_field("role", "tool").text_field("tool_call_id", &result.call);
    writer.text_field("content", &text).close();
}

fn assistant(
    writer: &mut Writer,
    turn: &Turn,
    target: &Target,
    memory: &mut Memory,
    at: &str,
    warnings: &mut Vec<Warning>,
) {
    let mut texts: Vec<&str> = Vec::new();
    let mut thoughts: Vec<&str> = Vec::new();
    let mut natives: Vec<(&str, &str)> = Vec::new();
    let mut calls: Vec<&ToolCall> = Vec::new();
    for block in &turn.blocks {
        match block {
            Block::Text { text, .. } => texts.push(text),
            Block::Thinking(thinking) => {
                let native = thinking.signature.as_ref().map_or("", |signature| &signature.native);
                if !native.is_empty() {
                    natives.push((native, &thinking.text));
                } else if target.reasoning_content {
                    thoughts.push(&thinking.text);
                } else if !thinking.text.is_empty() {
                    warnings.push(Warning::new(Loss::ThinkingDropped, at));
                }
            }
            Block::ToolCall(call) => calls.push(call),
            Block::Unknown { kind, .. } => {
                warnings.push(Warning::new(Loss::BlockDropped, format!("{at} ({kind})")));
            }
            Block::Image { .. } => warnings.push(Warning::new(Loss::ImageDropped, at)),
            Block::Document { .. } => warnings.push(Warning::new(Loss::DocumentDropped, at)),
            Block::ToolResult(_) => warnings.push(Warning::new(Loss::OrphanDropped, at)),
        }
    }
    if texts.is_empty() && calls.is_empty() {
        return;
    }
    writer.open().text_field("role", "assistant").key("content");
    if texts.is_empty() {
        writer.null();
    } else {
        writer.string(&texts.join("\n\n"));
    }
    if !thoughts.is_empty() {
        writer.text_field("reasoning_content", &thoughts.join("\n"));
    }
    if !natives.is_empty() {
        writer.key("reasoning_details").open_array();
        for (native, text) in natives {
            details::write_native(writer, native, text);
        }
        writer.close_array();
    }
    if !calls.is_empty() {
        writer.key("tool_calls").open_array();
        for call in calls {
            write_call(writer, call, memory);
        }
        writer.close_array();
    }
    writer.close();
}

fn write_call(writer: &mut Writer, call: &ToolCall, memory: &mut Memory) {
    let name = memory.names.shorten(&call.name, OPENAI_MAX);
    writer.open().text_field("id", &call.id).text_field("type", "function").key("function").open();
    writer.text_field("name", &name);
    if call.custom {
        writer.text_field("arguments", &custom::wrap(&call.arguments));
    } else if call.arguments.trim().is_empty() {
        writer.text_field("arguments", "{}");
    } else {
        writer.text_field("arguments", &call.arguments);
    }
    writer.close().close();
}
