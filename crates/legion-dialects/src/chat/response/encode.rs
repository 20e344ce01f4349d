//! Writes an answer.

use crate::chat::{details, stop, usage};
use crate::json::Writer;
use crate::neutral::{Block, Response, Stop, Thinking, ToolCall};
use crate::translate::Memory;

/// Writes the body of an answer to `POST /v1/chat/completions`. Names and signatures are the client's already.
pub fn encode(response: &Response, memory: &Memory) -> Vec<u8> {
    let mut text = String::new();
    let mut thoughts: Vec<&Thinking> = Vec::new();
    let mut calls: Vec<&ToolCall> = Vec::new();
    for block in &response.blocks {
        match block {
            Block::Text { text: more, .. } => text.push_str(more),
            Block::Thinking(thinking) => thoughts.push(thinking),
            Block::ToolCall(call) => calls.push(call),
            Block::Image { .. } | Block::Document { .. } | Block::ToolResult(_) | Block::Unknown { .. } => {}
        }
    }
    let mut writer = Writer::with_capacity(1024);
    writer.open().text_field("id", &memory.answer_id("chatcmpl-", response.id.as_deref()));
    // No clock is read here; clients show it at most.
    writer.text_field("object", "chat.completion").number_field("created", 0);
    writer.text_field("model", response.model.as_deref().unwrap_or(&memory.model));
    writer.key("choices").open_array().open().number_field("index", 0).key("message").open();
    writer.text_field("role", "assistant").key("content");
    if text.is_empty() && !calls.is_empty() {
        writer.null();
    } else {
        writer.string(&text);
    }
    write_thoughts(&mut writer, &thoughts);
    if !calls.is_empty() {
        writer.key("tool_calls").open_array();
        for call in calls {
            write_call(&mut writer, call);
        }
        writer.close_array();
    }
    writer.close();
    writer.text_field("finish_reason", stop::write(response.stop.as_ref().unwrap_or(&Stop::EndTurn)));
    writer.key("logprobs").null().close().close_array().key("usage");
    usage::write(&mut writer, &response.usage.unwrap_or_default());
    writer.close();
    writer.finish()
}

fn write_thoughts(writer: &mut Writer, thoughts: &[&Thinking]) {
    if thoughts.is_empty() {
        return;
    }
    let text: String = thoughts.iter().map(|thought| thought.text.as_str()).collect();
    if !text.is_empty() {
        writer.text_field("reasoning_content", &text);
    }
    writer.key("reasoning_details").open_array();
    for (index, thought) in (0_u64..).zip(thoughts) {
        let signature = thought.signature.as_ref().map(|signature| signature.native.as_str());
        if thought.redacted {
            details::write_redacted(writer, index, signature.unwrap_or_default());
        } else {
            details::write(writer, index, Some(&thought.text), signature);
        }
    }
    writer.close_array();
}

fn write_call(writer: &mut Writer, call: &ToolCall) {
    let (kind, arguments) = if call.custom { ("custom", "input") } else { ("function", "arguments") };
    writer.open().text_field("id", &call.id).text_field("type", kind).key(kind).open();
    writer.text_field("name", &call.name).text_field(arguments, &call.arguments).close().close();
}
