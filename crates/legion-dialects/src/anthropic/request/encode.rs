//! Writes a request.

use super::{blocks, options, tools};
use crate::error::Refused;
use crate::json::{Path, Writer};
use crate::neutral::{Block, Request, Role};
use crate::translate::{Memory, Target};
use crate::warning::Warning;

/// Room for everything around the conversation.
const FRAME_BYTES: usize = 16 * 1024;

/// Writes a body of `POST /v1/messages`. The request went through [`super::prepare`] before.
pub fn encode(
    request: &Request,
    target: &Target,
    memory: &mut Memory,
    warnings: &mut Vec<Warning>,
) -> Result<Vec<u8>, Refused> {
    let mut writer = Writer::with_capacity(FRAME_BYTES);
    writer.open().text_field("model", &target.model);
    if let Some(tokens) = request.max_tokens {
        writer.number_field("max_tokens", tokens);
    }
    if request.stream {
        writer.boolean_field("stream", true);
    }
    sampling(&mut writer, request);
    options::write(&mut writer, request);
    if let Some(user) = &request.user {
        writer.key("metadata").open().text_field("user_id", user).close();
    }
    if request.system.iter().any(|block| !is_empty(block)) {
        writer.key("system").open_array();
        blocks::write_all(&mut writer, &request.system, &Path::Root.key("system"), memory, warnings);
        writer.close_array();
    }
    tools::write(&mut writer, request, target, memory, warnings);
    writer.key("messages").open_array();
    let path = Path::Root.key("messages");
    for (index, turn) in request.turns.iter().enumerate() {
        let role = match turn.role {
            Role::User => "user",
            Role::Assistant => "assistant",
            Role::System => "system",
        };
        writer.open().text_field("role", role).key("content").open_array();
        blocks::write_all(&mut writer, &turn.blocks, &path.index(index).key("content"), memory, warnings);
        writer.close_array().close();
    }
    writer.close_array().close();
    Ok(writer.finish())
}

fn sampling(writer: &mut Writer, request: &Request) {
    let sampling = &request.sampling;
    if let Some(temperature) = &sampling.temperature {
        writer.raw_field("temperature", &temperature.to_string());
    }
    if let Some(top_p) = &sampling.top_p {
        writer.raw_field("top_p", &top_p.to_string());
    }
    if let Some(top_k) = sampling.top_k {
        writer.number_field("top_k", top_k);
    }
    if !sampling.stop.is_empty() {
        writer.key("stop_sequences").open_array();
        for stop in &sampling.stop {
            writer.string(stop);
        }
        writer.close_array();
    }
}

fn is_empty(block: &Block) -> bool {
    matches!(block, Block::Text { text, .. } if text.is_empty())
}
