//! Writes a stream.

use crate::anthropic::{stop, usage};
use crate::json::Writer;
use crate::neutral::{Opened, Step};
use crate::translate::Encode;
use crate::usage::Usage;
use std::mem;

/// Writes the events of a streamed answer to `POST /v1/messages`.
#[derive(Debug, Default)]
pub struct Encoder {
    /// Bytes of what the model wrote.
    written: usize,
}

/// Bytes of a token, for an upstream that gives no numbers.
const TOKEN_BYTES: usize = 4;

impl Encode for Encoder {
    fn step(&mut self, step: &Step, out: &mut Vec<u8>) {
        let mut writer = Writer::onto(mem::take(out));
        if let Step::Text { text, .. } | Step::Think { text, .. } | Step::Arguments { fragment: text, .. } = step {
            self.written += text.len();
        }
        match step {
            Step::Start { id, model, prompt_estimate } => start(&mut writer, id, model, *prompt_estimate),
            Step::Open { index, block } => open(&mut writer, *index, block),
            Step::Text { index, text } => piece(&mut writer, *index, "text_delta", "text", text),
            Step::Think { index, text } => piece(&mut writer, *index, "thinking_delta", "thinking", text),
            Step::Signature { index, signature } => {
                piece(&mut writer, *index, "signature_delta", "signature", signature);
            }
            Step::Arguments { index, fragment } => {
                piece(&mut writer, *index, "input_json_delta", "partial_json", fragment);
            }
            Step::Close { index } => {
                event(&mut writer, "content_block_stop").number_field("index", u64::from(*index));
                end(&mut writer);
            }
            Step::Finish { stop: reason, usage: numbers } => {
                let (word, sequence) = stop::write(reason);
                event(&mut writer, "message_delta").key("delta").open().text_field("stop_reason", word);
                writer.key("stop_sequence");
                match sequence {
                    Some(sequence) => writer.string(sequence),
                    None => writer.null(),
                };
                writer.close().key("usage");
                match numbers {
                    Some(numbers) => usage::write(&mut writer, numbers),
                    // What the prompt was estimated to hold at the start stays true.
                    None => {
                        let tokens = self.written.div_ceil(TOKEN_BYTES) as u64;
                        writer.open().number_field("output_tokens", tokens).close();
                    }
                }
                end(&mut writer);
                event(&mut writer, "message_stop");
                end(&mut writer);
            }
            Step::Failed(error) => {
                writer.frame(&String::from_utf8_lossy(&crate::error::stream(crate::Dialect::Anthropic, error)));
            }
        }
        *out = writer.finish();
    }
}

fn start(writer: &mut Writer, id: &str, model: &str, prompt_estimate: u64) {
    event(writer, "message_start").key("message").open();
    writer.text_field("id", id).text_field("type", "message").text_field("role", "assistant");
    writer.text_field("model", model).key("content").open_array().close_array();
    writer.key("stop_reason").null().key("stop_sequence").null().key("usage");
    // The client's context counter lives on this number until the end of the answer.
    usage::write(writer, &Usage { input: prompt_estimate, output: 1, ..Usage::default() });
    writer.close();
    end(writer);
}

fn open(writer: &mut Writer, index: u32, block: &Opened) {
    event(writer, "content_block_start").number_field("index", u64::from(index)).key("content_block").open();
    match block {
        Opened::Text => writer.text_field("type", "text").text_field("text", ""),
        Opened::Think => writer.text_field("type", "thinking").text_field("thinking", "").text_field("signature", ""),
        Opened::Redacted { signature } => writer.text_field("type", "redacted_thinking").text_field("data", signature),
        Opened::Tool { id, name, .. } => {
            writer.text_field("type", "tool_use").text_field("id", id).text_field("name", name).raw_field("input", "{}")
        }
    };
    writer.close();
    end(writer);
}

fn piece(writer: &mut Writer, index: u32, kind: &str, field: &str, text: &str) {
    event(writer, "content_block_delta").number_field("index", u64::from(index)).key("delta").open();
    writer.text_field("type", kind).text_field(field, text).close();
    end(writer);
}

fn event<'w>(writer: &'w mut Writer, name: &str) -> &'w mut Writer {
    writer.frame("event: ").frame(name).frame("\ndata: ").open().text_field("type", name)
}

fn end(writer: &mut Writer) {
    writer.close().frame("\n\n");
}
