//! Reads a stream.

use crate::anthropic::{stop, usage};
use crate::json::{Fields, Path, text_lossy};
use crate::neutral::Event;
use crate::translate::{Decode, Malformed};
use crate::usage::Usage;
use crate::warning::{Loss, Warning};

/// Reads the events of a streamed answer to `POST /v1/messages`.
#[derive(Debug, Default)]
pub struct Decoder {
    usage: Usage,
}

impl Decode for Decoder {
    fn event(
        &mut self,
        name: &str,
        data: &str,
        out: &mut Vec<Event>,
        warnings: &mut Vec<Warning>,
    ) -> Result<(), Malformed> {
        if data.trim().is_empty() {
            return Ok(());
        }
        self.read(name, data, out, warnings).map_err(|error| Malformed(error.to_string()))
    }
}

impl Decoder {
    fn read(
        &mut self,
        name: &str,
        data: &str,
        out: &mut Vec<Event>,
        warnings: &mut Vec<Warning>,
    ) -> Result<(), crate::error::Refused> {
        let root = Path::Root;
        let mut fields = Fields::body(data.as_bytes())?;
        let kind = fields.string("type", &root)?.unwrap_or_else(|| name.to_owned());
        match kind.as_str() {
            "message_start" => {
                let mut message = fields.object("message", &root)?.unwrap_or_default();
                out.push(Event::Start {
                    id: message.take("id").map(text_lossy),
                    model: message.take("model").map(text_lossy),
                });
                self.usage(message.take("usage"), out);
            }
            "content_block_start" => {
                let block = index(&mut fields)?;
                let content = fields.object("content_block", &root)?.unwrap_or_default();
                open(block, content, out, warnings)?;
            }
            "content_block_delta" => {
                let block = index(&mut fields)?;
                let delta = fields.object("delta", &root)?.unwrap_or_default();
                piece(block, delta, out, warnings)?;
            }
            "content_block_stop" => out.push(Event::Close { block: index(&mut fields)? }),
            "message_delta" => {
                self.usage(fields.take("usage"), out);
                let mut delta = fields.object("delta", &root)?.unwrap_or_default();
                if let Some(word) = delta.take("stop_reason").map(text_lossy) {
                    let sequence = delta.take("stop_sequence").map(text_lossy);
                    out.push(Event::Stop(stop::read(&word, sequence)));
                }
            }
            "message_stop" => out.push(Event::End),
            "error" => out.push(Event::Error(crate::error::in_stream(data))),
            // Pings, and what comes later.
            _ => {}
        }
        Ok(())
    }

    fn usage(&mut self, raw: Option<&serde_json::value::RawValue>, out: &mut Vec<Event>) {
        if let Some(raw) = raw {
            usage::merge(raw, &mut self.usage);
            out.push(Event::Usage(self.usage));
        }
    }
}

fn index(fields: &mut Fields<'_>) -> Result<u32, crate::error::Refused> {
    let index = fields.number("index", &Path::Root)?.unwrap_or(0);
    u32::try_from(index).map_err(|_| crate::error::Refused::new(&Path::Root.key("index"), "is too large"))
}

fn open(
    block: u32,
    mut content: Fields<'_>,
    out: &mut Vec<Event>,
    warnings: &mut Vec<Warning>,
) -> Result<(), crate::error::Refused> {
    let path = Path::Root.key("content_block");
    let kind = content.string("type", &path)?.unwrap_or_default();
    let mut text = |name: &str| content.take(name).map(text_lossy).unwrap_or_default();
    match kind.as_str() {
        "text" => out.push(Event::Text { block, text: text("text") }),
        "thinking" => {
            out.push(Event::Think { block, text: text("thinking") });
            let native = text("signature");
            if !native.is_empty() {
                out.push(Event::Signature { block, native });
            }
        }
        "redacted_thinking" => out.push(Event::Redacted { block, native: text("data") }),
        "tool_use" => {
            let id = Some(text("id")).filter(|id| !id.is_empty());
            out.push(Event::ToolOpen { block, id, name: text("name"), custom: false });
            // Some servers send the whole input here and no fragments.
            if let Some(input) = content.take("input").map(|raw| raw.get()).filter(|input| *input != "{}") {
                out.push(Event::ToolArguments { block, fragment: input.to_owned() });
            }
        }
        _ => warnings.push(Warning::new(Loss::BlockDropped, format!("content ({kind})"))),
    }
    Ok(())
}

fn piece(
    block: u32,
    mut delta: Fields<'_>,
    out: &mut Vec<Event>,
    warnings: &mut Vec<Warning>,
) -> Result<(), crate::error::Refused> {
    let kind = delta.string("type", &Path::Root.key("delta"))?.unwrap_or_default();
    let mut text = |name: &str| delta.take(name).map(text_lossy).unwrap_or_default();
    match kind.as_str() {
        "text_delta" => out.push(Event::Text { block, text: text("text") }),
        "thinking_delta" => out.push(Event::Think { block, text: text("thinking") }),
        "signature_delta" => out.push(Event::Signature { block, native: text("signature") }),
        "input_json_delta" => out.push(Event::ToolArguments { block, fragment: text("partial_json") }),
        "citations_delta" => warnings.push(Warning::new(Loss::CitationsDropped, "content")),
        _ => {}
    }
    Ok(())
}
