//! Numbers of usage: the prompt's total includes what came from the cache, the output's includes reasoning.

use super::stop;
use crate::json::{Fields, Path, Writer, objects, text_lossy};
use crate::usage::{Seen, Usage};
use serde_json::value::RawValue;

/// Reads a `usage`; `None` when it is no object.
pub fn read(raw: &RawValue) -> Option<Usage> {
    let path = Path::Root;
    let mut fields = Fields::read(raw, &path).ok()?;
    let number = |fields: &mut Fields<'_>, name: &str| fields.number(name, &path).ok().flatten();
    let prompt = number(&mut fields, "prompt_tokens");
    let completion = number(&mut fields, "completion_tokens");
    if prompt.is_none() && completion.is_none() {
        return None;
    }
    let (prompt, completion) = (prompt.unwrap_or(0), completion.unwrap_or(0));
    // DeepSeek says it beside the total, the others within the details.
    let mut read = number(&mut fields, "prompt_cache_hit_tokens").unwrap_or(0);
    let mut written = 0;
    if let Some(mut details) = fields.object("prompt_tokens_details", &path).ok().flatten() {
        read = number(&mut details, "cached_tokens").unwrap_or(read);
        written = number(&mut details, "cache_write_tokens")
            .or_else(|| number(&mut details, "cache_creation_tokens"))
            .unwrap_or(0);
    }
    let details = fields.object("completion_tokens_details", &path).ok().flatten();
    let reasoning = details.and_then(|mut details| number(&mut details, "reasoning_tokens")).unwrap_or(0);
    // Parts never exceed their total, whatever a server writes.
    let read = read.min(prompt);
    let written = written.min(prompt - read);
    let reasoning = reasoning.min(completion);
    let cost = fields.decimal("cost", &path).ok().flatten().and_then(|cost| cost.as_f64());
    Some(Usage {
        input: prompt - read - written,
        cache_read: read,
        cache_write_5m: written,
        cache_write_1h: 0,
        output: completion - reasoning,
        reasoning,
        web_searches: 0,
        provider_cost_nanos: cost.and_then(Usage::nanos),
    })
}

/// Writes an object of numbers.
pub fn write(writer: &mut Writer, usage: &Usage) {
    writer.open().number_field("prompt_tokens", usage.prompt());
    writer.number_field("completion_tokens", usage.completion()).number_field("total_tokens", usage.total());
    writer.key("prompt_tokens_details").open().number_field("cached_tokens", usage.cache_read);
    if usage.cache_write() > 0 {
        writer.number_field("cache_write_tokens", usage.cache_write());
    }
    writer.close();
    writer.key("completion_tokens_details").open().number_field("reasoning_tokens", usage.reasoning).close();
    writer.close();
}

/// Notes what a chunk of a stream that passes by says. Chunks that carry text only are not parsed.
pub fn note(_name: &str, data: &str, seen: &mut Seen) {
    if data.trim() == "[DONE]" {
        seen.terminal = true;
        return;
    }
    let first = seen.response_id.is_none();
    let has = |key: &str| data.contains(key);
    let ends = has("\"finish_reason\"") && !has("\"finish_reason\":null") && !has("\"finish_reason\": null");
    if !first && !ends && !has("\"usage\"") && !has("\"error\"") {
        return;
    }
    let Ok(fields) = serde_json::from_str::<Fields<'_>>(data) else { return };
    about(fields, data.as_bytes(), seen);
}

/// Notes what an answer in one piece says.
pub fn answer(body: &[u8], seen: &mut Seen) {
    let Ok(fields) = Fields::body(body) else { return };
    about(fields, body, seen);
    seen.terminal = seen.error.is_none() && seen.stop.is_some();
}

fn about(mut fields: Fields<'_>, whole: &[u8], seen: &mut Seen) {
    if fields.peek("error").is_some() {
        seen.error = crate::error::parse(whole);
        return;
    }
    seen.model = fields.take("model").map(text_lossy).or(seen.model.take());
    seen.response_id = fields.take("id").map(text_lossy).or(seen.response_id.take());
    if let Some(usage) = fields.take("usage").and_then(read) {
        seen.usage = Some(usage);
    }
    let choices = fields.take("choices").and_then(|raw| objects(raw, &Path::Root).ok()).unwrap_or_default();
    for mut choice in choices {
        if let Some(usage) = choice.take("usage").and_then(read) {
            seen.usage = Some(usage);
        }
        if let Some(word) = choice.take("finish_reason").map(text_lossy) {
            seen.stop = Some(stop::read(&word));
        }
    }
}
