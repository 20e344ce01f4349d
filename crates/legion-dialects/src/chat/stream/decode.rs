//! Reads a stream.

use super::{Inline, calls::Calls};
use crate::chat::{details::Entry, stop, usage};
use crate::error::Refused;
use crate::json::{Fields, Path, objects, text_lossy};
use crate::neutral::{Event, Stop};
use crate::translate::{Decode, Malformed, Memory};
use crate::warning::{Loss, Warning};

const TEXT: u32 = 0;
/// The first thought; entries of `reasoning_details` count on from here by their index.
const THOUGHT: u32 = 1;
/// Indices of thoughts above this one are a mistake.
const THOUGHTS_MAX: u64 = 100_000;

/// Reads the chunks of a streamed answer to `POST /v1/chat/completions`.
#[derive(Debug, Default)]
pub struct Decoder {
    started: bool,
    calls: Calls,
    inline: Option<Inline>,
    /// Thoughts come in `reasoning_details`; the same text in the plain field is not counted twice.
    detailed: bool,
    refused: bool,
}

impl Decoder {
    pub fn new(memory: &Memory) -> Self {
        Self { inline: memory.inline_thinking.then(Inline::default), ..Self::default() }
    }

    fn read(&mut self, data: &str, out: &mut Vec<Event>, warnings: &mut Vec<Warning>) -> Result<(), Refused> {
        let root = Path::Root;
        let mut fields = Fields::body(data.as_bytes())?;
        if fields.peek("error").is_some() {
            out.push(Event::Error(crate::error::in_stream(data)));
            return Ok(());
        }
        if !self.started {
            self.started = true;
            out.push(Event::Start {
                id: fields.take("id").map(text_lossy).filter(|id| !id.is_empty()),
                model: fields.take("model").map(text_lossy).filter(|model| !model.is_empty()),
            });
        }
        let path = root.key("choices");
        let choices = fields.take("choices").map(|raw| objects(raw, &path)).transpose()?.unwrap_or_default();
        // One choice was asked for.
        if let Some(mut choice) = choices.into_iter().next() {
            // Moonshot puts the numbers here.
            out.extend(choice.take("usage").and_then(usage::read).map(Event::Usage));
            let delta = choice.object("delta", &path)?.or(choice.object("message", &path)?);
            if let Some(delta) = delta {
                self.delta(delta, out, warnings)?;
            }
            if let Some(word) = choice.take("finish_reason").map(text_lossy).filter(|word| !word.is_empty()) {
                self.finish(stop::read(&word), out, warnings);
            }
        }
        out.extend(fields.take("usage").and_then(usage::read).map(Event::Usage));
        Ok(())
    }

    fn delta(
        &mut self,
        mut delta: Fields<'_>,
        out: &mut Vec<Event>,
        warnings: &mut Vec<Warning>,
    ) -> Result<(), Refused> {
        let root = Path::Root;
        if let Some(raw) = delta.take("reasoning_details") {
            for entry in objects(raw, &root)? {
                self.thought(Entry::read(entry, &root)?, out);
            }
        }
        let plain = delta.take("reasoning_content").or_else(|| delta.take("reasoning"));
        if let Some(text) = plain.map(text_lossy).filter(|text| !text.is_empty() && !self.detailed) {
            out.push(Event::Think { block: THOUGHT, text });
        }
        if let Some(text) = delta.take("content").map(text_lossy).filter(|text| !text.is_empty()) {
            match &mut self.inline {
                Some(inline) => {
                    let parted = inline.push(&text);
                    said(parted, out);
                }
                None => out.push(Event::Text { block: TEXT, text }),
            }
        }
        if let Some(text) = delta.take("refusal").map(text_lossy).filter(|text| !text.is_empty()) {
            self.refused = true;
            out.push(Event::Text { block: TEXT, text });
        }
        let calls = delta.take("tool_calls").map(|raw| objects(raw, &root)).transpose()?.unwrap_or_default();
        for call in calls {
            self.calls.read(call, out, warnings);
        }
        if let Some(function) = delta.object("function_call", &root)? {
            self.calls.function(Some(0), None, function, false, out, warnings);
        }
        Ok(())
    }

    fn thought(&mut self, entry: Entry, out: &mut Vec<Event>) {
        let index = entry.index.unwrap_or(0).min(THOUGHTS_MAX);
        let block = THOUGHT + u32::try_from(index).expect("bounded above");
        if !entry.text.is_empty() {
            self.detailed = true;
            out.push(Event::Think { block, text: entry.text });
        }
        if entry.opaque.is_some() {
            out.push(if entry.redacted {
                Event::Redacted { block, native: entry.native }
            } else {
                Event::Signature { block, native: entry.native }
            });
        }
    }

    fn finish(&mut self, stop: Stop, out: &mut Vec<Event>, warnings: &mut Vec<Warning>) {
        if let Some(inline) = &mut self.inline {
            let parted = inline.finish();
            said(parted, out);
        }
        for _ in 0..self.calls.nameless() {
            warnings.push(Warning::new(Loss::CallDropped, "tool_calls"));
        }
        out.push(Event::Stop(if self.refused { Stop::Refusal } else { stop }));
    }
}

/// What inline thinking gave.
fn said((thought, text): (String, String), out: &mut Vec<Event>) {
    if !thought.is_empty() {
        out.push(Event::Think { block: THOUGHT, text: thought });
    }
    if !text.is_empty() {
        out.push(Event::Text { block: TEXT, text });
    }
}

impl Decode for Decoder {
    fn event(
        &mut self,
        _name: &str,
        data: &str,
        out: &mut Vec<Event>,
        warnings: &mut Vec<Warning>,
    ) -> Result<(), Malformed> {
        let data = data.trim();
        if data == "[DONE]" {
            out.push(Event::End);
            return Ok(());
        }
        if data.is_empty() {
            return Ok(());
        }
        self.read(data, out, warnings).map_err(|error| Malformed(error.to_string()))
    }
}
