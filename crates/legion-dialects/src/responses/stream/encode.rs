//! Writes a stream: each item added, filled and done, and every event numbered.

use super::frame::Frame;
use super::made::{Made, write_part};
use crate::json::Writer;
use crate::neutral::{Opened, Step};
use crate::responses::stop;
use crate::translate::{Encode, Memory};

/// Writes a client's stream. The protocol repeats at the end what came before, so the answer is kept until then.
#[derive(Debug)]
pub struct Encoder {
    memory: Memory,
    frame: Frame,
    /// The number of the next event.
    next: u64,
    /// The item that is open, its id, and whether its first part is.
    open: Option<(Made, String, bool)>,
    /// The complete items, as JSON.
    items: Vec<Vec<u8>>,
}

impl Encoder {
    pub fn new(memory: &Memory) -> Self {
        let frame = Frame::new(&memory.seed, memory.model.clone());
        Self { memory: memory.clone(), frame, next: 0, open: None, items: Vec::new() }
    }

    /// Appends an event whose other fields `fill` writes.
    fn event(&mut self, kind: &str, out: &mut Vec<u8>, fill: impl FnOnce(&Self, &mut Writer)) {
        out.extend_from_slice(b"event: ");
        out.extend_from_slice(kind.as_bytes());
        out.extend_from_slice(b"\ndata: ");
        let mut writer = Writer::onto(std::mem::take(out));
        writer.open().text_field("type", kind).number_field("sequence_number", self.next);
        fill(self, &mut writer);
        writer.close().frame("\n\n");
        *out = writer.finish();
        self.next += 1;
    }

    /// Appends an event about the open item.
    fn about(&mut self, kind: &str, out: &mut Vec<u8>, fill: impl FnOnce(&Self, &mut Writer)) {
        self.event(kind, out, |encoder, writer| {
            let id = encoder.open.as_ref().map_or("", |(_, id, _)| id);
            writer.text_field("item_id", id).number_field("output_index", encoder.items.len() as u64);
            fill(encoder, writer);
        });
    }

    /// Appends an event about the first part of the open item.
    fn part(&mut self, kind: &str, out: &mut Vec<u8>, fill: impl FnOnce(&mut Writer)) {
        self.about(kind, out, |encoder, writer| {
            let thought = matches!(encoder.open, Some((Made::Reasoning { .. }, ..)));
            writer.number_field(if thought { "summary_index" } else { "content_index" }, 0);
            fill(writer);
        });
    }

    fn item(&mut self, kind: &str, done: bool, out: &mut Vec<u8>) {
        let Some((made, id, _)) = &self.open else { return };
        let mut item = Writer::default();
        made.write(&mut item, id, done, &self.memory);
        let item = item.finish();
        self.event(kind, out, |encoder, writer| {
            writer.number_field("output_index", encoder.items.len() as u64);
            writer.raw_field("item", std::str::from_utf8(&item).expect("a writer writes text"));
        });
        if done {
            self.items.push(item);
            self.open = None;
        }
    }

    fn open(&mut self, block: &Opened, out: &mut Vec<u8>) {
        let made = match block {
            Opened::Text => Made::Message { text: String::new() },
            Opened::Think => Made::Reasoning { text: String::new(), signature: None, redacted: false },
            Opened::Redacted { signature } => {
                Made::Reasoning { text: String::new(), signature: Some(signature.clone()), redacted: true }
            }
            Opened::Tool { id, name, custom } => {
                Made::Call { id: id.clone(), name: name.clone(), arguments: String::new(), custom: *custom }
            }
        };
        let id = self.frame.item_id(&made, self.items.len());
        self.open = Some((made, id, false));
        self.item("response.output_item.added", false, out);
        if matches!(block, Opened::Text) {
            self.part("response.content_part.added", out, |writer| {
                writer.key("part");
                write_part(writer, "");
            });
        }
    }

    fn text(&mut self, piece: &str, out: &mut Vec<u8>) {
        let Some((Made::Message { text }, ..)) = &mut self.open else { return };
        text.push_str(piece);
        self.part("response.output_text.delta", out, |writer| {
            writer.text_field("delta", piece).key("logprobs").open_array().close_array();
        });
    }

    fn think(&mut self, piece: &str, out: &mut Vec<u8>) {
        let Some((Made::Reasoning { text, .. }, _, part_open)) = &mut self.open else { return };
        text.push_str(piece);
        if !std::mem::replace(part_open, true) {
            self.part("response.reasoning_summary_part.added", out, |writer| {
                writer.key("part").open().text_field("type", "summary_text").text_field("text", "").close();
            });
        }
        self.part("response.reasoning_summary_text.delta", out, |writer| {
            writer.text_field("delta", piece);
        });
    }

    fn arguments(&mut self, fragment: &str, out: &mut Vec<u8>) {
        let Some((Made::Call { arguments, custom, .. }, ..)) = &mut self.open else { return };
        arguments.push_str(fragment);
        let kind = match custom {
            true => "response.custom_tool_call_input.delta",
            false => "response.function_call_arguments.delta",
        };
        self.about(kind, out, |_, writer| {
            writer.text_field("delta", fragment);
        });
    }

    fn close(&mut self, out: &mut Vec<u8>) {
        match &self.open {
            Some((Made::Message { text }, ..)) => {
                let text = text.clone();
                self.part("response.output_text.done", out, |writer| {
                    writer.text_field("text", &text).key("logprobs").open_array().close_array();
                });
                self.part("response.content_part.done", out, |writer| {
                    writer.key("part");
                    write_part(writer, &text);
                });
            }
            Some((Made::Reasoning { text, .. }, _, true)) => {
                let text = text.clone();
                self.part("response.reasoning_summary_text.done", out, |writer| {
                    writer.text_field("text", &text);
                });
                self.part("response.reasoning_summary_part.done", out, |writer| {
                    writer.key("part").open().text_field("type", "summary_text").text_field("text", &text).close();
                });
            }
            Some((Made::Call { arguments, custom, .. }, ..)) => {
                let (arguments, custom) = (arguments.clone(), *custom);
                let (kind, field) = match custom {
                    true => ("response.custom_tool_call_input.done", "input"),
                    false => ("response.function_call_arguments.done", "arguments"),
                };
                self.about(kind, out, |_, writer| {
                    writer.text_field(field, &arguments);
                });
            }
            Some((Made::Reasoning { .. }, _, false)) | None => {}
        }
        self.item("response.output_item.done", true, out);
    }
}

impl Encode for Encoder {
    fn step(&mut self, step: &Step, out: &mut Vec<u8>) {
        match step {
            Step::Start { id, model, .. } => {
                self.frame = Frame::new(id, model.clone());
                for kind in ["response.created", "response.in_progress"] {
                    self.event(kind, out, |encoder, writer| {
                        writer.key("response");
                        encoder.frame.write_begun(writer);
                    });
                }
            }
            Step::Open { block, .. } => self.open(block, out),
            Step::Text { text, .. } => self.text(text, out),
            Step::Think { text, .. } => self.think(text, out),
            Step::Signature { signature: given, .. } => {
                if let Some((Made::Reasoning { signature, .. }, ..)) = &mut self.open {
                    *signature = Some(given.clone());
                }
            }
            Step::Arguments { fragment, .. } => self.arguments(fragment, out),
            Step::Close { .. } => self.close(out),
            Step::Finish { stop: end, usage } => {
                let kind = format!("response.{}", stop::status(end));
                self.event(&kind, out, |encoder, writer| {
                    writer.key("response");
                    encoder.frame.write_ended(writer, &encoder.items, end, usage.as_ref());
                });
            }
            Step::Failed(error) => self.event("response.failed", out, |encoder, writer| {
                writer.key("response");
                encoder.frame.write_failed(writer, &encoder.items, error);
            }),
        }
    }
}
