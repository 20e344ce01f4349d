//! Writes an answer.

use crate::anthropic::blocks::{write_call, write_thinking};
use crate::anthropic::{stop, usage};
use crate::json::Writer;
use crate::neutral::{Block, Response, Stop};
use crate::translate::Memory;
use crate::usage::Usage;

/// Writes the body of an answer to `POST /v1/messages`. Names and signatures are the client's already.
pub fn encode(response: &Response, memory: &Memory) -> Vec<u8> {
    let mut writer = Writer::with_capacity(1024);
    writer.open().text_field("id", &memory.answer_id("msg_", response.id.as_deref()));
    writer.text_field("type", "message").text_field("role", "assistant");
    writer.text_field("model", response.model.as_deref().unwrap_or(&memory.model));
    writer.key("content").open_array();
    let mut wrapped = Vec::new();
    for block in &response.blocks {
        match block {
            Block::Text { text, .. } => {
                writer.open().text_field("type", "text").text_field("text", text).close();
            }
            Block::Thinking(thinking) => {
                let signature = thinking.signature.as_ref().map_or("", |signature| &signature.native);
                write_thinking(&mut writer, thinking, signature);
            }
            Block::ToolCall(call) => {
                write_call(&mut writer, call, &call.name, &mut wrapped);
                writer.close();
            }
            Block::Image { .. } | Block::Document { .. } | Block::ToolResult(_) | Block::Unknown { .. } => {}
        }
    }
    writer.close_array();
    let (word, sequence) = stop::write(response.stop.as_ref().unwrap_or(&Stop::EndTurn));
    writer.text_field("stop_reason", word).key("stop_sequence");
    match sequence {
        Some(sequence) => writer.string(sequence),
        None => writer.null(),
    };
    writer.key("usage");
    usage::write(&mut writer, &response.usage.unwrap_or(Usage { input: memory.prompt_estimate, ..Usage::default() }));
    writer.close();
    writer.finish()
}
