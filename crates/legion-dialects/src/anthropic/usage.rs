//! Numbers of usage: the prompt's buckets are disjoint already, reasoning is part of the output.

use crate::error::UpstreamError;
use crate::json::{Fields, Path, Writer, text_lossy};
use crate::usage::{Seen, Usage};
use serde_json::value::RawValue;

/// Takes over the numbers that are there: those at the end of a stream leave out what did not change, and are totals, no additions.
pub fn merge(raw: &RawValue, usage: &mut Usage) {
    let path = Path::Root;
    let Ok(mut fields) = Fields::read(raw, &path) else { return };
    let number = |fields: &mut Fields<'_>, name: &str| fields.number(name, &path).ok().flatten();
    if let Some(input) = number(&mut fields, "input_tokens") {
        usage.input = input;
    }
    if let Some(read) = number(&mut fields, "cache_read_input_tokens") {
        usage.cache_read = read;
    }
    let written = number(&mut fields, "cache_creation_input_tokens");
    if let Some(written) = written {
        usage.cache_write_1h = usage.cache_write_1h.min(written);
        usage.cache_write_5m = written - usage.cache_write_1h;
    }
    if let Some(mut by_time) = fields.object("cache_creation", &path).ok().flatten() {
        let short = number(&mut by_time, "ephemeral_5m_input_tokens").unwrap_or(0);
        let long = number(&mut by_time, "ephemeral_1h_input_tokens").unwrap_or(0);
        // The total counts; what has no time in it lives as briefly as possible.
        let total = written.unwrap_or(0).max(short.saturating_add(long));
        usage.cache_write_1h = long;
        usage.cache_write_5m = total - long;
    }
    if let Some(output) = number(&mut fields, "output_tokens") {
        let reasoning = fields.object("output_tokens_details", &path).ok().flatten();
        usage.reasoning =
            reasoning.and_then(|mut details| number(&mut details, "thinking_tokens")).unwrap_or(0).min(output);
        usage.output = output - usage.reasoning;
    }
    if let Some(mut tools) = fields.object("server_tool_use", &path).ok().flatten()
        && let Some(searches) = number(&mut tools, "web_search_requests")
    {
        usage.web_searches = searches;
    }
    if let Some(cost) = fields.decimal("cost", &path).ok().flatten().and_then(|cost| cost.as_f64()) {
        usage.provider_cost_nanos = Usage::nanos(cost);
    }
}

/// Writes an object of numbers.
pub fn write(writer: &mut Writer, usage: &Usage) {
    writer.open().number_field("input_tokens", usage.input);
    writer.number_field("cache_creation_input_tokens", usage.cache_write());
    writer.number_field("cache_read_input_tokens", usage.cache_read);
    if usage.cache_write_1h > 0 {
        writer.key("cache_creation").open();
        writer.number_field("ephemeral_5m_input_tokens", usage.cache_write_5m);
        writer.number_field("ephemeral_1h_input_tokens", usage.cache_write_1h).close();
    }
    writer.number_field("output_tokens", usage.completion());
    if usage.web_searches > 0 {
        writer.key("server_tool_use").open().number_field("web_search_requests", usage.web_searches).close();
    }
    writer.close();
}

/// Notes what an event of a stream that passes by says. Only the few events that carry numbers are read.
pub fn note(name: &str, data: &str, seen: &mut Seen) {
    let relevant = match name {
        "message_start" | "message_delta" | "message_stop" | "error" => true,
        "" => !data.contains("\"content_block_"),
        _ => false,
    };
    if !relevant {
        return;
    }
    let Ok(mut fields) = serde_json::from_str::<Fields<'_>>(data) else { return };
    let root = Path::Root;
    let kind = fields.string("type", &root).ok().flatten().unwrap_or_else(|| name.to_owned());
    match kind.as_str() {
        "message_start" => {
            if let Some(mut message) = fields.object("message", &root).ok().flatten() {
                about(&mut message, seen);
            }
        }
        "message_delta" => {
            if let Some(mut delta) = fields.object("delta", &root).ok().flatten() {
                stop(&mut delta, seen);
            }
            if let Some(raw) = fields.take("usage") {
                merge(raw, seen.usage.get_or_insert_default());
            }
        }
        "message_stop" => seen.terminal = true,
        "error" => seen.error = Some(error(data)),
        _ => {}
    }
}

/// Notes what an answer in one piece says.
pub fn answer(body: &[u8], seen: &mut Seen) {
    let Ok(mut fields) = Fields::body(body) else { return };
    if fields.peek("type").is_some_and(|kind| kind.get() == "\"error\"") {
        seen.error = Some(error(&String::from_utf8_lossy(body)));
        return;
    }
    seen.terminal = fields.peek("content").is_some();
    about(&mut fields, seen);
    stop(&mut fields, seen);
}

fn error(data: &str) -> UpstreamError {
    crate::error::parse(data.as_bytes()).unwrap_or_else(|| UpstreamError::new(crate::Class::Server, "unknown error"))
}

fn about(message: &mut Fields<'_>, seen: &mut Seen) {
    seen.model = message.take("model").map(text_lossy).or(seen.model.take());
    seen.response_id = message.take("id").map(text_lossy).or(seen.response_id.take());
    if let Some(raw) = message.take("usage") {
        merge(raw, seen.usage.get_or_insert_default());
    }
}

fn stop(fields: &mut Fields<'_>, seen: &mut Seen) {
    if let Some(word) = fields.take("stop_reason").map(text_lossy) {
        let sequence = fields.take("stop_sequence").map(text_lossy);
        seen.stop = Some(super::stop::read(&word, sequence));
    }
}
