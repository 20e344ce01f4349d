//! Items of the output as they are written.

use crate::json::Writer;
use crate::responses::{namespace, reasoning};
use crate::translate::Memory;

/// What is known of an item that is being written.
#[derive(Clone, Debug)]
pub enum Made {
    Message { text: String },
    Reasoning { text: String, signature: Option<String>, redacted: bool },
    Call { id: String, name: String, arguments: String, custom: bool },
}

impl Made {
    pub fn id_prefix(&self) -> &'static str {
        match self {
            Self::Message { .. } => "msg",
            Self::Reasoning { .. } => "rs",
            Self::Call { custom: false, .. } => "fc",
            Self::Call { custom: true, .. } => "ctc",
        }
    }

    /// Writes the item: when it is added, without what fills it.
    pub fn write(&self, writer: &mut Writer, id: &str, done: bool, memory: &Memory) {
        writer.open().text_field("id", id);
        let status = if done { "completed" } else { "in_progress" };
        match self {
            Self::Message { text } => {
                writer.text_field("type", "message").text_field("status", status).text_field("role", "assistant");
                writer.key("content").open_array();
                if done {
                    write_part(writer, text);
                }
                writer.close_array();
            }
            Self::Reasoning { text, signature, redacted } => {
                writer.text_field("type", "reasoning");
                reasoning::write_summary(writer, if done { text } else { "" });
                if let Some(signature) = signature.as_ref().filter(|_| done) {
                    writer.text_field("encrypted_content", &reasoning::for_client(signature, *redacted));
                }
            }
            Self::Call { id, name, arguments, custom } => {
                let (kind, field) =
                    if *custom { ("custom_tool_call", "input") } else { ("function_call", "arguments") };
                writer.text_field("type", kind).text_field("status", status).text_field("call_id", id);
                namespace::write_name(writer, name, memory);
                writer.text_field(field, if done { arguments } else { "" });
            }
        }
        writer.close();
    }
}

/// Writes the one part of a message.
pub fn write_part(writer: &mut Writer, text: &str) {
    writer.open().text_field("type", "output_text").text_field("text", text);
    writer.key("annotations").open_array().close_array().key("logprobs").open_array().close_array().close();
}
