//! Writes a stream.

use crate::chat::{details, stop, usage};
use crate::json::Writer;
use crate::neutral::{Opened, Step};
use crate::translate::{Encode, Memory};
use std::mem;

/// Writes the chunks of a streamed answer to `POST /v1/chat/completions`.
#[derive(Debug, Default)]
pub struct Encoder {
    id: String,
    model: String,
    with_usage: bool,
    /// Thoughts and calls are counted each by themselves.
    thoughts: u64,
    calls: u64,
    /// The open call is one of free text.
    custom: bool,
}

impl Encoder {
    pub fn new(memory: &Memory) -> Self {
        Self { with_usage: memory.stream_usage, ..Self::default() }
    }

    fn open(&mut self, writer: &mut Writer, block: &Opened) {
        match block {
            Opened::Text => {}
            Opened::Think => self.thoughts += 1,
            Opened::Redacted { signature } => {
                self.thoughts += 1;
                let index = self.thoughts - 1;
                self.chunk(writer, |writer| {
                    writer.key("reasoning_details").open_array();
                    details::write_redacted(writer, index, signature);
                    writer.close_array();
                });
            }
            Opened::Tool { id, name, custom } => {
                self.calls += 1;
                self.custom = *custom;
                let (kind, field) = self.words();
                let index = self.calls - 1;
                self.chunk(writer, |writer| {
                    writer.key("tool_calls").open_array().open().number_field("index", index).text_field("id", id);
                    writer.text_field("type", kind).key(kind).open().text_field("name", name).text_field(field, "");
                    writer.close().close().close_array();
                });
            }
        }
    }

    /// What the open call's kind and its arguments are called.
    fn words(&self) -> (&'static str, &'static str) {
        if self.custom { ("custom", "input") } else { ("function", "arguments") }
    }

    /// A chunk with this delta.
    fn chunk(&self, writer: &mut Writer, delta: impl FnOnce(&mut Writer)) {
        self.begin(writer);
        writer.key("choices").open_array().open().number_field("index", 0).key("delta").open();
        delta(writer);
        writer.close().key("finish_reason").null().close().close_array();
        if self.with_usage {
            writer.key("usage").null();
        }
        writer.close().frame("\n\n");
    }

    fn begin(&self, writer: &mut Writer) {
        writer.frame("data: ").open().text_field("id", &self.id).text_field("object", "chat.completion.chunk");
        writer.number_field("created", 0).text_field("model", &self.model);
    }
}

impl Encode for Encoder {
    fn step(&mut self, step: &Step, out: &mut Vec<u8>) {
        let mut writer = Writer::onto(mem::take(out));
        match step {
            Step::Start { id, model, .. } => {
                (self.id, self.model) = (id.clone(), model.clone());
                self.chunk(&mut writer, |writer| {
                    writer.text_field("role", "assistant").text_field("content", "");
                });
            }
            Step::Open { block, .. } => self.open(&mut writer, block),
            Step::Text { text, .. } => self.chunk(&mut writer, |writer| {
                writer.text_field("content", text);
            }),
            Step::Think { text, .. } => self.chunk(&mut writer, |writer| {
                writer.text_field("reasoning_content", text).key("reasoning_details").open_array();
                details::write(writer, self.thoughts.saturating_sub(1), Some(text), None);
                writer.close_array();
            }),
            Step::Signature { signature, .. } => self.chunk(&mut writer, |writer| {
                writer.key("reasoning_details").open_array();
                details::write(writer, self.thoughts.saturating_sub(1), None, Some(signature));
                writer.close_array();
            }),
            Step::Arguments { fragment, .. } => {
                let (kind, field) = self.words();
                self.chunk(&mut writer, |writer| {
                    writer.key("tool_calls").open_array().open();
                    writer.number_field("index", self.calls.saturating_sub(1)).key(kind).open();
                    writer.text_field(field, fragment).close().close().close_array();
                });
            }
            Step::Close { .. } => {}
            Step::Finish { stop: reason, usage: numbers } => {
                self.begin(&mut writer);
                writer.key("choices").open_array().open().number_field("index", 0).key("delta").open().close();
                writer.text_field("finish_reason", stop::write(reason)).close().close_array();
                if self.with_usage {
                    writer.key("usage").null();
                }
                writer.close().frame("\n\n");
                if self.with_usage {
                    self.begin(&mut writer);
                    writer.key("choices").open_array().close_array().key("usage");
                    usage::write(&mut writer, &numbers.unwrap_or_default());
                    writer.close().frame("\n\n");
                }
                writer.frame("data: [DONE]\n\n");
            }
            Step::Failed(error) => {
                writer.frame(&String::from_utf8_lossy(&crate::error::stream(crate::Dialect::Chat, error)));
            }
        }
        *out = writer.finish();
    }
}
