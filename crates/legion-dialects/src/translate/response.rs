//! An answer in one piece of one dialect as one of another.

use super::{dialects, held, pieces};
use crate::dialect::Dialect;
use crate::error::UpstreamError;
use crate::neutral::{Block, Response, Signature, Stop};
use crate::signature;
use crate::translate::{Memory, custom};
use crate::usage::{Reader, Usage};
use crate::warning::Warning;

/// An answer in the client's dialect.
#[derive(Clone, Debug)]
pub struct Answered {
    pub body: Vec<u8>,
    /// What was lost.
    pub warnings: Vec<Warning>,
    /// `None` when the provider gave no numbers.
    pub usage: Option<Usage>,
    pub stop: Option<Stop>,
    /// The model that answered, in the provider's words.
    pub model: Option<String>,
    pub response_id: Option<String>,
}

/// Writes a provider's answer for the client. In the same dialect the bytes stay as they came.
pub fn response(from: Dialect, to: Dialect, body: &[u8], memory: &Memory) -> Result<Answered, UpstreamError> {
    if from == to {
        return same(from, body);
    }
    let mut response = dialects::decode_response(from, body, memory)?;
    let mut warnings = std::mem::take(&mut response.warnings);
    let has_calls = response.blocks.iter().any(|block| matches!(block, Block::ToolCall(_)));
    response.stop = Some(pieces::reason(response.stop.take(), has_calls));
    give_back(&mut response, memory);
    let model = response.model.clone();
    if to == Dialect::Anthropic && !memory.model.is_empty() {
        // As in streams: Claude Code sends no thoughts back to another model than the one that it speaks to.
        response.model = Some(memory.model.clone());
    }
    let body = dialects::encode_response(to, &response, memory);
    held::once(&mut warnings);
    Ok(Answered { body, warnings, usage: response.usage, stop: response.stop, model, response_id: response.id })
}

/// Names and signatures as the client knows them.
fn give_back(response: &mut Response, memory: &Memory) {
    for block in &mut response.blocks {
        match block {
            Block::ToolCall(call) => {
                call.name = memory.names.original(&call.name).to_owned();
                if call.custom {
                } else if memory.custom_tools.contains(&call.name) {
                    call.arguments = custom::unwrap(&call.arguments);
                    call.custom = true;
                } else if call.arguments.trim().is_empty() {
                    call.arguments = "{}".to_owned();
                }
            }
            Block::Thinking(thinking) => {
                let native = thinking.signature.as_ref().map_or("", |signature| &signature.native);
                let marked = signature::mark(&memory.provider, native);
                thinking.signature = Some(Signature { origin: crate::neutral::Origin::Unmarked, native: marked });
            }
            _ => {}
        }
    }
}

fn same(dialect: Dialect, body: &[u8]) -> Result<Answered, UpstreamError> {
    let mut reader = Reader::new(dialect, false);
    reader.push(body);
    let seen = reader.finish();
    match seen.error {
        Some(error) => Err(error),
        None => Ok(Answered {
            body: body.to_vec(),
            warnings: Vec::new(),
            usage: seen.usage,
            stop: seen.stop,
            model: seen.model,
            response_id: seen.response_id,
        }),
    }
}
