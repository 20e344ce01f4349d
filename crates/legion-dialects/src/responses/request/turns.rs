//! Writes the conversation: turns become items.

use crate::json::Writer;
use crate::names::OPENAI_MAX;
use crate::neutral::{Block, Request, Role, ToolCall, ToolResult, Turn};
use crate::responses::{media, reasoning};
use crate::translate::Memory;
use crate::warning::{Loss, Warning};
use std::collections::BTreeSet;

/// Stands in front of the text of a tool that failed: the interface has no field for it.
const FAILED: &str = "Error: ";

/// Writes the items into an open array.
pub fn write(writer: &mut Writer, request: &Request, memory: &mut Memory, warnings: &mut Vec<Warning>) {
    let blocks = request.turns.iter().flat_map(|turn| &turn.blocks);
    let custom: BTreeSet<&str> = blocks
        .filter_map(|block| match block {
            Block::ToolCall(call) if call.custom => Some(call.id.as_str()),
            _ => None,
        })
        .collect();
    for (index, turn) in request.turns.iter().enumerate() {
        let at = format!("messages[{index}]");
        match turn.role {
            Role::System => message(writer, "developer", &turn.blocks, &at, warnings),
            Role::User => user(writer, turn, &custom, &at, warnings),
            Role::Assistant => assistant(writer, turn, memory, &at, warnings),
        }
    }
}

/// The results of tools come before what the user says besides.
fn user(writer: &mut Writer, turn: &Turn, custom: &BTreeSet<&str>, at: &str, warnings: &mut Vec<Warning>) {
    for block in &turn.blocks {
        if let Block::ToolResult(result) = block {
            write_result(writer, result, custom.contains(result.call.as_str()), at, warnings);
        }
    }
    let is_said = |block: &&Block| !matches!(block, Block::ToolResult(_));
    let said: Vec<Block> = turn.blocks.iter().filter(is_said).cloned().collect();
    message(writer, "user", &said, at, warnings);
}

fn message(writer: &mut Writer, role: &str, blocks: &[Block], at: &str, warnings: &mut Vec<Warning>) {
    blocks.iter().filter(|block| !media::is_part(block)).for_each(|block| media::warn(block, at, warnings));
    if !blocks.iter().any(media::is_part) {
        return;
    }
    writer.open().text_field("type", "message").text_field("role", role).key("content").open_array();
    for block in blocks {
        media::write(writer, block);
    }
    writer.close_array().close();
}

fn write_result(writer: &mut Writer, result: &ToolResult, custom: bool, at: &str, warnings: &mut Vec<Warning>) {
    let kind = if custom { "custom_tool_call_output" } else { "function_call_output" };
    writer.open().text_field("type", kind).text_field("call_id", &result.call).key("output");
    let failed = if result.is_error { FAILED } else { "" };
    if result.is_error {
        warnings.push(Warning::new(Loss::ToolErrorAsText, at));
    }
    match result.content.as_slice() {
        [] => {
            writer.string(failed.trim_end());
        }
        [Block::Text { text, .. }] if failed.is_empty() => {
            writer.string(text);
        }
        [Block::Text { text, .. }] => {
            writer.string(&format!("{failed}{text}"));
        }
        parts => {
            writer.open_array();
            if result.is_error {
                media::write(writer, &Block::text(failed.trim_end()));
            }
            for part in parts {
                media::write(writer, part);
                if !media::is_part(part) {
                    media::warn(part, at, warnings);
                }
            }
            writer.close_array();
        }
    }
    writer.close();
}

fn assistant(writer: &mut Writer, turn: &Turn, memory: &mut Memory, at: &str, warnings: &mut Vec<Warning>) {
    // The provider refuses a thought that nothing follows.
    let leads = |block: &Block| match block {
        Block::Text { text, .. } => !text.is_empty(),
        Block::ToolCall(_) => true,
        _ => false,
    };
    let last = turn.blocks.iter().rposition(leads);
    let mut open = false;
    for (index, block) in turn.blocks.iter().enumerate() {
        let text = match block {
            Block::Text { text, .. } if !text.is_empty() => Some(text),
            Block::Text { .. } => continue,
            _ => None,
        };
        if open && text.is_none() {
            writer.close_array().close();
            open = false;
        }
        match block {
            Block::Text { .. } => {}
            Block::Thinking(thinking) => {
                let signed = thinking.signature.as_ref().is_some_and(|signature| !signature.native.is_empty());
                if signed && last.is_some_and(|last| index < last) {
                    reasoning::write(writer, thinking);
                } else {
                    warnings.push(Warning::new(Loss::ThinkingDropped, at));
                }
            }
            Block::ToolCall(call) => write_call(writer, call, memory),
            other => media::warn(other, at, warnings),
        }
        let Some(text) = text else { continue };
        if !open {
            writer.open().text_field("type", "message").text_field("role", "assistant").key("content").open_array();
            open = true;
        }
        writer.open().text_field("type", "output_text").text_field("text", text).close();
    }
    if open {
        writer.close_array().close();
    }
}

fn write_call(writer: &mut Writer, call: &ToolCall, memory: &mut Memory) {
    let name = memory.names.shorten(&call.name, OPENAI_MAX);
    let kind = if call.custom { "custom_tool_call" } else { "function_call" };
    writer.open().text_field("type", kind).text_field("call_id", &call.id).text_field("name", &name);
    if call.custom {
        writer.text_field("input", &call.arguments);
    } else if call.arguments.trim().is_empty() {
        writer.text_field("arguments", "{}");
    } else {
        writer.text_field("arguments", &call.arguments);
    }
    writer.close();
}
