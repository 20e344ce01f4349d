//! A request of one dialect as one of another.

use super::{dialects, held, normalise, same, settle};
use crate::count;
use crate::dialect::Dialect;
use crate::error::Refused;
use crate::names;
use crate::neutral::{Block, Request, Tool, ToolChoice, ToolKind};
use crate::scan::Head;
use crate::translate::{Memory, Target};
use crate::warning::{Loss, Warning};

/// A request in the upstream's dialect.
#[derive(Clone, Debug)]
pub struct Translated {
    pub body: Vec<u8>,
    /// What was lost.
    pub warnings: Vec<Warning>,
    /// For the way back.
    pub memory: Memory,
}

/// Writes a client's request for an upstream. In the same dialect the bytes stay as they came, but for the model's name and what
/// this upstream must not see.
pub fn request(from: Dialect, to: Dialect, body: &[u8], target: &Target) -> Result<Translated, Refused> {
    if from == to {
        let forwarded = same::forward(from, body, &Head::read(body)?, target)?;
        let body = forwarded.body.into_owned();
        return Ok(Translated { body, warnings: forwarded.warnings, memory: forwarded.memory });
    }
    let mut request = dialects::decode_request(from, body)?;
    let mut warnings = std::mem::take(&mut request.warnings);
    strip_billing(&mut request, &mut warnings);
    normalise::turns(&mut request, to, &mut warnings);
    settle::signatures(&mut request, target, &mut warnings);
    for rest in &request.rest {
        if !dialects::uses(to, &rest.name) {
            warnings.push(Warning::new(Loss::FieldDropped, &rest.name));
        }
    }
    unchoose(&mut request, to);
    let mut memory = remember(&request, body, target);
    dialects::prepare(to, &mut request, target, &mut warnings);
    let body = dialects::encode_request(to, &request, target, &mut memory, &mut warnings)?;
    held::once(&mut warnings);
    Ok(Translated { body, warnings, memory })
}

fn remember(request: &Request, body: &[u8], target: &Target) -> Memory {
    let custom = request.tools.iter().filter(|tool| matches!(tool.kind, ToolKind::Custom { .. }));
    Memory {
        provider: target.provider.clone(),
        model: request.model.clone(),
        prompt_estimate: count::of_request(request),
        seed: names::seed(body),
        stream_usage: request.stream_usage,
        inline_thinking: target.inline_thinking,
        namespaced: request.namespaced.clone(),
        custom_tools: custom.map(|tool| tool.name.clone()).collect(),
        ..Memory::default()
    }
}

/// Takes out Claude Code's attribution: it changes with each call, so that no prefix of the prompt is ever found in a cache.
fn strip_billing(request: &mut Request, warnings: &mut Vec<Warning>) {
    let before = request.system.len();
    request.system.retain(|block| !matches!(block, Block::Text { text, .. } if crate::anthropic::is_billing(text)));
    if request.system.len() != before {
        warnings.push(Warning::new(Loss::BillingBlockStripped, "system"));
    }
}

/// A tool of the provider's own that is left out cannot be chosen.
fn unchoose(request: &mut Request, to: Dialect) {
    let Some(ToolChoice::Tool(chosen)) = &request.tool_choice else { return };
    let server = |tool: &Tool| tool.name == *chosen && matches!(tool.kind, ToolKind::Server { .. });
    if to != Dialect::Responses && request.tools.iter().any(server) {
        request.tool_choice = None;
    }
}
