//! Reads a provider's stream.

use super::open::{Items, Kind, Source, missing};
use super::wire::Wire;
use crate::json::{Fields, Path, text_lossy};
use crate::neutral::Event;
use crate::responses::reasoning::BETWEEN_PARTS;
use crate::responses::response::{Item, read_item};
use crate::responses::{failure, stop, usage};
use crate::translate::{Decode, Malformed, Memory};
use crate::warning::{Loss, Warning};
use serde_json::value::RawValue;

/// Reads a provider's stream. What comes in deltas and again as a whole is taken once; what comes only as a whole is taken
/// then.
#[derive(Debug, Default)]
pub struct Decoder {
    items: Items,
    refused: bool,
    searches: u64,
}

impl Decoder {
    pub fn new(_memory: &Memory) -> Self {
        Self::default()
    }

    /// Where the parts of an item begin, whether it was added or not.
    fn begin(&mut self, wire: &Wire<'_>, item: &Item, id: Option<String>, out: &mut Vec<Event>) -> usize {
        let kind = match item {
            Item::Message { .. } => Kind::Message { parts: Vec::new() },
            Item::Reasoning { .. } => Kind::Reasoning { block: self.items.block(), source: None, part: 0, bytes: 0 },
            Item::Call { id, name, custom, .. } => {
                let block = self.items.block();
                let id = Some(id.clone()).filter(|id| !id.is_empty());
                out.push(Event::ToolOpen { block, id, name: name.clone(), custom: *custom });
                Kind::Call { block, bytes: 0 }
            }
            Item::Other(_) => Kind::Other,
        };
        self.items.push(wire, id, kind)
    }

    fn added(&mut self, wire: &Wire<'_>, out: &mut Vec<Event>) {
        let Some((item, id)) = whole(wire.item) else { return };
        self.begin(wire, &item, id, out);
    }

    /// A whole item: what of it has not come yet comes now.
    fn done(&mut self, wire: &Wire<'_>, raw: Option<&RawValue>, out: &mut Vec<Event>, warnings: &mut Vec<Warning>) {
        let Some((item, id)) = whole(raw) else { return };
        let at = match self.items.find(wire, id.as_deref()) {
            Some(at) => at,
            None => self.begin(wire, &item, id, out),
        };
        if std::mem::replace(&mut self.items.get(at).done, true) {
            return;
        }
        match item {
            Item::Message { texts, refused } => {
                self.refused |= refused;
                for (index, text) in texts.iter().enumerate() {
                    self.text(at, index as u64, text, true, out);
                }
                if let Kind::Message { parts } = &self.items.get(at).kind {
                    out.extend(parts.iter().map(|(_, block, _)| Event::Close { block: *block }));
                }
            }
            Item::Reasoning { text, native } => {
                let Kind::Reasoning { block, bytes, .. } = self.items.get(at).kind else { return };
                if bytes == 0 && !text.is_empty() {
                    out.push(Event::Think { block, text });
                }
                out.extend(native.map(|native| Event::Signature { block, native }));
                out.push(Event::Close { block });
            }
            Item::Call { arguments, .. } => {
                self.arguments(at, &arguments, true, out);
                if let Kind::Call { block, .. } = self.items.get(at).kind {
                    out.push(Event::Close { block });
                }
            }
            Item::Other(kind) => {
                self.searches += u64::from(kind == "web_search_call");
                warnings.push(Warning::new(Loss::BlockDropped, format!("output ({kind})")));
            }
        }
    }

    /// A piece of a message's part, or the whole part.
    fn text(&mut self, at: usize, part: u64, text: &str, is_whole: bool, out: &mut Vec<Event>) {
        let next = self.items.block();
        let Kind::Message { parts } = &mut self.items.get(at).kind else { return };
        let known = match parts.iter().position(|(index, ..)| *index == part) {
            Some(known) => known,
            None => {
                parts.push((part, next, 0));
                parts.len() - 1
            }
        };
        let (_, block, bytes) = &mut parts[known];
        let piece = if is_whole { missing(text, *bytes) } else { text };
        *bytes += piece.len();
        if !piece.is_empty() {
            out.push(Event::Text { block: *block, text: piece.to_owned() });
        }
    }

    fn think(&mut self, at: usize, wire: &Wire<'_>, from: Source, out: &mut Vec<Event>) {
        let Some(text) = wire.delta.map(text_lossy) else { return };
        let Kind::Reasoning { block, source, part, bytes } = &mut self.items.get(at).kind else { return };
        if *source.get_or_insert(from) != from {
            return;
        }
        let index = wire.summary_index.or(wire.content_index).unwrap_or(*part);
        let between = if index != *part && *bytes > 0 { BETWEEN_PARTS } else { "" };
        *part = index;
        *bytes += between.len() + text.len();
        out.push(Event::Think { block: *block, text: format!("{between}{text}") });
    }

    /// A fragment of a call's arguments, or the whole of them.
    fn arguments(&mut self, at: usize, text: &str, is_whole: bool, out: &mut Vec<Event>) {
        let Kind::Call { block, bytes } = &mut self.items.get(at).kind else { return };
        let fragment = if is_whole { missing(text, *bytes) } else { text };
        *bytes += fragment.len();
        if !fragment.is_empty() {
            out.push(Event::ToolArguments { block: *block, fragment: fragment.to_owned() });
        }
    }

    fn ended(&mut self, wire: &Wire<'_>, out: &mut Vec<Event>, warnings: &mut Vec<Warning>) {
        let mut response = wire.response.and_then(|raw| Fields::read(raw, &Path::Root).ok()).unwrap_or_default();
        if let Some(error) = response.take("error") {
            out.push(Event::Error(failure::read(error)));
            return;
        }
        // Some providers send the items only here.
        if self.items.is_empty() {
            let raws = response.peek("output").map(|raw| serde_json::from_str::<Vec<&RawValue>>(raw.get()));
            for (index, raw) in raws.and_then(Result::ok).into_iter().flatten().enumerate() {
                let place = Wire { output_index: Some(index as u64), ..Wire::default() };
                self.done(&place, Some(raw), out, warnings);
            }
        }
        if let Some(mut usage) = response.take("usage").and_then(usage::read) {
            usage.web_searches = self.searches;
            out.push(Event::Usage(usage));
        }
        let details = response.object("incomplete_details", &Path::Root).ok().flatten();
        let reason = details.and_then(|mut details| details.take("reason")).map(text_lossy);
        out.push(Event::Stop(stop::read(reason.as_deref(), self.items.has_calls(), self.refused)));
        out.push(Event::End);
    }
}

/// Reads an item and its id.
fn whole(raw: Option<&RawValue>) -> Option<(Item, Option<String>)> {
    let fields = Fields::read(raw?, &Path::Root).ok()?;
    let id = fields.peek("id").map(text_lossy);
    Some((read_item(fields), id))
}

impl Decode for Decoder {
    fn event(
        &mut self,
        name: &str,
        data: &str,
        out: &mut Vec<Event>,
        warnings: &mut Vec<Warning>,
    ) -> Result<(), Malformed> {
        // Some servers end like Chat; the end was said before.
        if data.trim().is_empty() || data.trim() == "[DONE]" {
            return Ok(());
        }
        let wrong = |error: serde_json::Error| Malformed(format!("an event of the stream is no JSON: {error}"));
        let wire: Wire<'_> = serde_json::from_str(data).map_err(wrong)?;
        let kind = wire.kind.as_deref().unwrap_or(name);
        let at = self.items.find(&wire, None);
        match (kind, at) {
            ("response.created", _) => {
                let mut response =
                    wire.response.and_then(|raw| Fields::read(raw, &Path::Root).ok()).unwrap_or_default();
                let mut text = |name: &str| response.take(name).map(text_lossy);
                out.push(Event::Start { id: text("id"), model: text("model") });
            }
            ("response.output_item.added", _) => self.added(&wire, out),
            ("response.output_item.done", _) => self.done(&wire, wire.item, out, warnings),
            ("response.output_text.delta" | "response.refusal.delta", Some(at)) => {
                self.refused |= kind == "response.refusal.delta";
                let text = wire.delta.map(text_lossy).unwrap_or_default();
                self.text(at, wire.content_index.unwrap_or(0), &text, false, out);
            }
            ("response.output_text.done" | "response.refusal.done", Some(at)) => {
                let text = wire.text.or(wire.refusal).map(text_lossy).unwrap_or_default();
                self.text(at, wire.content_index.unwrap_or(0), &text, true, out);
            }
            ("response.reasoning_summary_text.delta", Some(at)) => self.think(at, &wire, Source::Summary, out),
            ("response.reasoning_text.delta", Some(at)) => self.think(at, &wire, Source::Content, out),
            ("response.function_call_arguments.delta" | "response.custom_tool_call_input.delta", Some(at)) => {
                let fragment = wire.delta.map(text_lossy).unwrap_or_default();
                self.arguments(at, &fragment, false, out);
            }
            ("response.function_call_arguments.done" | "response.custom_tool_call_input.done", Some(at)) => {
                let whole = wire.arguments.or(wire.input).map(text_lossy).unwrap_or_default();
                self.arguments(at, &whole, true, out);
            }
            ("response.completed" | "response.incomplete" | "response.done", _) => self.ended(&wire, out, warnings),
            ("response.failed" | "response.cancelled", _) => {
                let raw = wire.response.map(failure::read);
                out.extend(raw.map(Event::Error));
            }
            ("error", _) => {
                out.extend(serde_json::from_str::<&RawValue>(data).ok().map(failure::read).map(Event::Error))
            }
            // A body of an error in the place of an event.
            ("", _) if data.contains("\"error\"") => {
                out.extend(serde_json::from_str::<&RawValue>(data).ok().map(failure::read).map(Event::Error));
            }
            _ => {}
        }
        Ok(())
    }
}
