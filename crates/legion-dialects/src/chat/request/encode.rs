//! Writes a request.

use super::{options, tools, turns};
use crate::error::Refused;
use crate::json::Writer;
use crate::neutral::Request;
use crate::translate::{Memory, Target, models};
use crate::warning::{Loss, Warning};

/// Room for everything around the conversation.
const FRAME_BYTES: usize = 16 * 1024;
/// Stop sequences that the interface takes.
const STOPS_MAX: usize = 4;

/// Writes a body of `POST /v1/chat/completions`.
pub fn encode(
    request: &Request,
    target: &Target,
    memory: &mut Memory,
    warnings: &mut Vec<Warning>,
) -> Result<Vec<u8>, Refused> {
    let mut writer = Writer::with_capacity(FRAME_BYTES);
    writer.open().text_field("model", &target.model);
    if request.stream {
        // The numbers come only when asked for.
        writer.boolean_field("stream", true);
        writer.key("stream_options").open().boolean_field("include_usage", true).close();
    }
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
    if request.service_tier.is_some() {
        warnings.push(Warning::new(Loss::FieldDropped, "service_tier"));
    }
    tools::write(&mut writer, request, target, memory, warnings);
    writer.key("messages").open_array();
    turns::write(&mut writer, request, target, memory, warnings);
    writer.close_array().close();
    Ok(writer.finish())
}

fn max_tokens(writer: &mut Writer, request: &Request, target: &Target, warnings: &mut Vec<Warning>) {
    let Some(wanted) = request.max_tokens else { return };
    let most = target.output_tokens_max.unwrap_or(wanted);
    if wanted > most {
        warnings.push(Warning::new(Loss::MaxTokensClamped, "max_tokens"));
    }
    let newer = target.max_completion_tokens.or(models::takes_max_completion_tokens(&target.model));
    writer.number_field(if newer { "max_completion_tokens" } else { "max_tokens" }, wanted.min(most));
}

fn sampling(writer: &mut Writer, request: &Request, target: &Target, warnings: &mut Vec<Warning>) {
    let sampling = &request.sampling;
    for (name, value) in [
        ("temperature", &sampling.temperature),
        ("top_p", &sampling.top_p),
        ("seed", &sampling.seed),
        ("presence_penalty", &sampling.presence_penalty),
        ("frequency_penalty", &sampling.frequency_penalty),
    ] {
        let Some(value) = value else { continue };
        // Reasoning models answer 400 to a temperature.
        if models::takes_max_completion_tokens(&target.model) && matches!(name, "temperature" | "top_p") {
            warnings.push(Warning::new(Loss::SamplingChanged, name));
        } else {
            writer.raw_field(name, &value.to_string());
        }
    }
    if sampling.top_k.is_some() {
        warnings.push(Warning::new(Loss::SamplingChanged, "top_k"));
    }
    if sampling.stop.is_empty() {
        return;
    }
    if sampling.stop.len() > STOPS_MAX {
        warnings.push(Warning::new(Loss::StopSequencesCut, (sampling.stop.len() - STOPS_MAX).to_string()));
    }
    writer.key("stop").open_array();
    for stop in sampling.stop.iter().take(STOPS_MAX) {
        writer.string(stop);
    }
    writer.close_array();
}
