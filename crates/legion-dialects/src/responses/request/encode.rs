//! Writes a request.

use super::{options, tools, turns};
use crate::error::Refused;
use crate::json::Writer;
use crate::neutral::{Block, Request};
use crate::translate::{Memory, Target};
use crate::warning::{Loss, Warning};

/// Room for everything around the conversation.
const FRAME_BYTES: usize = 16 * 1024;
/// The least bound of output tokens that the provider takes.
const OUTPUT_TOKENS_MIN: u64 = 16;
/// Between the blocks of the system prompt, which is one text here.
const BETWEEN_BLOCKS: &str = "\n\n";
const TIERS: &[&str] = &["auto", "default", "flex", "priority"];

/// Writes a body of `POST /v1/responses`.
pub fn encode(
    request: &Request,
    target: &Target,
    memory: &mut Memory,
    warnings: &mut Vec<Warning>,
) -> Result<Vec<u8>, Refused> {
    let mut writer = Writer::with_capacity(FRAME_BYTES);
    writer.open().text_field("model", &target.model);
    if request.stream {
        writer.boolean_field("stream", true);
    }
    // Nothing is kept there: the whole conversation comes with each call, encrypted thoughts with it.
    writer.boolean_field("store", false);
    max_tokens(&mut writer, request, target, warnings);
    sampling(&mut writer, request, target, warnings);
    options::write(&mut writer, request, target, warnings);
    if let Some(key) = request.cache_key.as_ref().or(target.cache_key.as_ref()) {
        writer.text_field("prompt_cache_key", key);
    }
    if request.user.is_some() {
        // An account's id of the client's own provider is no business of this one.
        warnings.push(Warning::new(Loss::FieldDropped, "metadata.user_id"));
    }
    match request.service_tier.as_deref() {
        None => {}
        Some(tier) if TIERS.contains(&tier) => {
            writer.text_field("service_tier", tier);
        }
        Some(_) => warnings.push(Warning::new(Loss::FieldDropped, "service_tier")),
    }
    instructions(&mut writer, request, warnings);
    tools::write(&mut writer, request, target, memory, warnings);
    writer.key("input").open_array();
    turns::write(&mut writer, request, memory, warnings);
    writer.close_array().close();
    Ok(writer.finish())
}

fn instructions(writer: &mut Writer, request: &Request, warnings: &mut Vec<Warning>) {
    let mut texts: Vec<&str> = Vec::with_capacity(request.system.len());
    for block in &request.system {
        match block {
            Block::Text { text, .. } => texts.push(text),
            other => crate::responses::media::warn(other, "system", warnings),
        }
    }
    if !texts.is_empty() {
        writer.text_field("instructions", &texts.join(BETWEEN_BLOCKS));
    }
}

fn max_tokens(writer: &mut Writer, request: &Request, target: &Target, warnings: &mut Vec<Warning>) {
    let Some(wanted) = request.max_tokens else { return };
    let most = target.output_tokens_max.unwrap_or(u64::MAX);
    let sent = wanted.max(OUTPUT_TOKENS_MIN).min(most);
    if sent != wanted {
        warnings.push(Warning::new(Loss::MaxTokensClamped, "max_tokens"));
    }
    writer.number_field("max_output_tokens", sent);
}

fn sampling(writer: &mut Writer, request: &Request, target: &Target, warnings: &mut Vec<Warning>) {
    let sampling = &request.sampling;
    for (name, value) in [("temperature", &sampling.temperature), ("top_p", &sampling.top_p)] {
        let Some(value) = value else { continue };
        // Reasoning models answer 400 to it.
        if options::reasons(target) {
            warnings.push(Warning::new(Loss::SamplingChanged, name));
        } else {
            writer.raw_field(name, &value.to_string());
        }
    }
    let absent = [
        ("top_k", sampling.top_k.is_some()),
        ("seed", sampling.seed.is_some()),
        ("presence_penalty", sampling.presence_penalty.is_some()),
        ("frequency_penalty", sampling.frequency_penalty.is_some()),
    ];
    let given = absent.into_iter().filter(|(_, given)| *given);
    warnings.extend(given.map(|(name, _)| Warning::new(Loss::SamplingChanged, name)));
    if !sampling.stop.is_empty() {
        warnings.push(Warning::new(Loss::StopSequencesCut, sampling.stop.len().to_string()));
    }
}
