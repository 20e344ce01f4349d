//! The numbers of usage.

use crate::json::{Fields, Path, Writer, number, objects, text_lossy};
use crate::responses::{failure, stop};
use crate::usage::{Seen, Usage};
use serde_json::value::RawValue;

/// Reads an object of numbers; `None` when it is none.
pub fn read(raw: &RawValue) -> Option<Usage> {
    let path = Path::Root;
    let mut fields = Fields::read(raw, &path).ok()?;
    let count = |fields: &mut Fields<'_>, name: &str| fields.take(name).and_then(|raw| number(raw, &path).ok());
    let prompt = count(&mut fields, "input_tokens")?;
    let completion = count(&mut fields, "output_tokens").unwrap_or(0);
    let (mut cached, mut written) = (0, 0);
    if let Some(mut details) = fields.object("input_tokens_details", &path).ok().flatten() {
        cached = count(&mut details, "cached_tokens").unwrap_or(0);
        written = count(&mut details, "cache_write_tokens")
            .or_else(|| count(&mut details, "cache_creation_tokens"))
            .unwrap_or(0);
    }
    let details = fields.object("output_tokens_details", &path).ok().flatten();
    let reasoning = details.and_then(|mut details| count(&mut details, "reasoning_tokens")).unwrap_or(0);
    // Parts never exceed their total, whatever a server writes.
    let cached = cached.min(prompt);
    let written = written.min(prompt - cached);
    let reasoning = reasoning.min(completion);
    let cost = fields.decimal("cost", &path).ok().flatten().and_then(|cost| cost.as_f64());
    Some(Usage {
        input: prompt - cached - written,
        cache_read: cached,
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
    writer.open().number_field("input_tokens", usage.prompt());
    writer.key("input_tokens_details").open().number_field("cached_tokens", usage.cache_read);
    if usage.cache_write() > 0 {
        writer.number_field("cache_write_tokens", usage.cache_write());
    }
    writer.close().number_field("output_tokens", usage.completion());
    writer.key("output_tokens_details").open().number_field("reasoning_tokens", usage.reasoning).close();
    writer.number_field("total_tokens", usage.total()).close();
}

/// The words that begin events with numbers, ends or errors; every other event is not parsed.
const WORTH_READING: &[&str] =
    &["response.created", "response.completed", "response.incomplete", "response.failed", "error"];

/// Notes what an event of a stream that passes by says.
pub fn note(name: &str, data: &str, seen: &mut Seen) {
    let named = !name.is_empty() && name != "message";
    if named && !WORTH_READING.contains(&name) {
        return;
    }
    // Servers that leave the names out: the type stands in front.
    let head = &data[..data.floor_char_boundary(256)];
    if !named && !WORTH_READING.iter().any(|word| head.contains(&format!("\"{word}\""))) {
        return;
    }
    let Ok(raw) = serde_json::from_str::<&RawValue>(data) else { return };
    let Ok(mut fields) = serde_json::from_str::<Fields<'_>>(data) else { return };
    let kind = fields.string("type", &Path::Root).ok().flatten().unwrap_or_else(|| name.to_owned());
    match kind.as_str() {
        "error" => seen.error = Some(failure::read(raw)),
        "response.created" | "response.completed" | "response.incomplete" | "response.failed" => {
            let Some(response) = fields.object("response", &Path::Root).ok().flatten() else { return };
            let ended = kind != "response.created";
            about(response, ended, seen);
            if kind == "response.failed" && seen.error.is_none() {
                seen.error = Some(failure::read(raw));
            }
            seen.terminal |= ended;
        }
        _ => {}
    }
}

/// Notes what an answer in one piece says.
pub fn answer(body: &[u8], seen: &mut Seen) {
    let Ok(fields) = Fields::body(body) else { return };
    if fields.peek("status").is_none() && fields.peek("output").is_none() {
        seen.error = fields.peek("error").map(failure::read);
        return;
    }
    about(fields, true, seen);
    seen.terminal = seen.error.is_none() && seen.stop.is_some();
}

fn about(mut response: Fields<'_>, ended: bool, seen: &mut Seen) {
    seen.response_id = response.take("id").map(text_lossy).or(seen.response_id.take());
    seen.model = response.take("model").map(text_lossy).or(seen.model.take());
    if !ended {
        return;
    }
    let usage = response.take("usage").and_then(read);
    if let Some(error) = response.take("error") {
        seen.error = Some(failure::read(error));
        // A failure that names its usage is charged for.
        seen.usage = usage.or(seen.usage);
        return;
    }
    let details = response.object("incomplete_details", &Path::Root).ok().flatten();
    let reason = details.and_then(|mut details| details.take("reason")).map(text_lossy);
    let items = response.take("output").and_then(|raw| objects(raw, &Path::Root).ok()).unwrap_or_default();
    let of = |kind: &str| items.iter().filter(|item| is_of(item, kind)).count();
    let calls = of("function_call") + of("custom_tool_call");
    seen.stop = Some(stop::read(reason.as_deref(), calls > 0, false));
    if let Some(mut usage) = usage {
        usage.web_searches = of("web_search_call") as u64;
        seen.usage = Some(usage);
    }
}

fn is_of(item: &Fields<'_>, kind: &str) -> bool {
    item.peek("type").is_some_and(|raw| raw.get().trim_matches('"') == kind)
}
