//! Tokens of a request.

use super::{image, text};
use crate::dialect::Dialect;
use crate::neutral::{Block, OutputFormat, Request, ToolKind};
use crate::translate::dialects;

/// What stands around a message, a block or a tool.
const FRAME: u64 = 8;
/// What a provider adds for tools at all.
const TOOLS: u64 = 350;
/// What a tool costs that the provider itself runs.
const SERVER_TOOL: u64 = 700;
/// Bytes per token of a body that cannot be read.
const BYTES_PER_TOKEN: u64 = 2;

/// The prompt's tokens in a body of this dialect, without any tokenizer: system, messages, thoughts, calls, results, tools,
/// images by their size. Rather too high: a compaction too early costs little, one too late ends the conversation.
pub fn estimate(dialect: Dialect, body: &[u8]) -> u64 {
    match dialects::decode_request(dialect, body) {
        Ok(request) => of_request(&request),
        Err(_) => (body.len() as u64).div_ceil(BYTES_PER_TOKEN),
    }
}

/// The prompt's tokens in a request.
pub fn of_request(request: &Request) -> u64 {
    let system: u64 = request.system.iter().map(block).sum();
    let turns: u64 = request.turns.iter().map(|turn| FRAME + turn.blocks.iter().map(block).sum::<u64>()).sum();
    let tools: u64 = request
        .tools
        .iter()
        .map(|tool| {
            let kind = match &tool.kind {
                ToolKind::Function { schema } => schema.as_ref().map_or(0, |schema| text::tokens(schema.get())),
                ToolKind::Custom { format } => format.as_ref().map_or(0, |format| text::tokens(format.get())),
                ToolKind::Server { .. } => SERVER_TOOL,
            };
            FRAME + kind + text::tokens(&tool.name) + tool.description.as_deref().map_or(0, text::tokens)
        })
        .sum();
    let format = match &request.output {
        OutputFormat::Schema { schema, .. } => text::tokens(schema.get()),
        OutputFormat::Text | OutputFormat::Json => 0,
    };
    system + turns + tools + format + if request.tools.is_empty() { FRAME } else { TOOLS }
}

fn block(of: &Block) -> u64 {
    match of {
        Block::Text { text, .. } => FRAME / 2 + text::tokens(text),
        Block::Image { media, .. } => image::image(media),
        Block::Document { media, .. } => image::document(media),
        Block::Thinking(thinking) => {
            // An encrypted thought is about as long as the thought.
            let opaque = thinking.signature.as_ref().map_or(0, |signature| signature.native.len() as u64 / 4);
            text::tokens(&thinking.text).max(opaque)
        }
        Block::ToolCall(call) => FRAME * 2 + text::tokens(&call.name) + text::tokens(&call.arguments),
        Block::ToolResult(result) => FRAME * 2 + result.content.iter().map(block).sum::<u64>(),
        Block::Unknown { raw, .. } => FRAME + text::tokens(raw.get()),
    }
}
