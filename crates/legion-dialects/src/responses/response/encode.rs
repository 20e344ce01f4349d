//! Writes an answer.

use crate::json::Writer;
use crate::neutral::{Block, Response, Stop};
use crate::responses::stream::{Frame, Made};
use crate::translate::Memory;

/// Writes the body of an answer. Names and signatures are already the client's.
pub fn encode(response: &Response, memory: &Memory) -> Vec<u8> {
    let id = response.id.clone().unwrap_or_else(|| memory.seed.clone());
    let model = response.model.clone().unwrap_or_else(|| memory.model.clone());
    let frame = Frame::new(&id, model);
    let mut items: Vec<Vec<u8>> = Vec::new();
    for block in &response.blocks {
        let index = items.len();
        let made = match block {
            Block::Text { text, .. } => Made::Message { text: text.clone() },
            Block::Thinking(thinking) => Made::Reasoning {
                text: thinking.text.clone(),
                signature: thinking.signature.as_ref().map(|signature| signature.native.clone()),
                redacted: thinking.redacted,
            },
            Block::ToolCall(call) => Made::Call {
                id: call.id.clone(),
                name: call.name.clone(),
                arguments: call.arguments.clone(),
                custom: call.custom,
            },
            Block::Image { .. } | Block::Document { .. } | Block::ToolResult(_) | Block::Unknown { .. } => continue,
        };
        let mut writer = Writer::default();
        made.write(&mut writer, &frame.item_id(&made, index), true, memory);
        items.push(writer.finish());
    }
    let stop = response.stop.clone().unwrap_or(Stop::EndTurn);
    let mut writer = Writer::default();
    frame.write_ended(&mut writer, &items, &stop, response.usage.as_ref());
    writer.finish()
}
