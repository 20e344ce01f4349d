//! The object of an answer around its items.

use super::made::Made;
use crate::error::UpstreamError;
use crate::json::Writer;
use crate::neutral::Stop;
use crate::responses::{failure, stop, usage};
use crate::usage::Usage;

/// Begins the ids of answers.
const RESPONSE: &str = "resp_";
/// When an answer was made is not known here: nothing reads a clock.
const CREATED: u64 = 0;

/// What an answer says of itself.
#[derive(Clone, Debug, Default)]
pub struct Frame {
    /// Without what ids of answers begin with.
    key: String,
    model: String,
}

impl Frame {
    /// The frame of the answer with this id, of whatever dialect.
    pub fn new(id: &str, model: String) -> Self {
        let key = id.strip_prefix(RESPONSE).or_else(|| id.strip_prefix("msg_")).unwrap_or(id);
        Self { key: key.to_owned(), model }
    }

    /// The id of the item at that place of the output.
    pub fn item_id(&self, made: &Made, index: usize) -> String {
        format!("{}_{}_{index}", made.id_prefix(), self.key)
    }

    /// Writes the answer as it begins.
    pub fn write_begun(&self, writer: &mut Writer) {
        self.head(writer, "in_progress");
        writer.key("error").null().key("incomplete_details").null().key("output").open_array().close_array();
        writer.key("usage").null().close();
    }

    /// Writes the answer as it ended.
    pub fn write_ended(&self, writer: &mut Writer, items: &[Vec<u8>], end: &Stop, used: Option<&Usage>) {
        self.head(writer, stop::status(end));
        writer.key("error").null().key("incomplete_details");
        match stop::incomplete(end) {
            Some(reason) => writer.open().text_field("reason", reason).close(),
            None => writer.null(),
        };
        write_items(writer, items);
        writer.key("usage");
        match used {
            Some(used) => usage::write(writer, used),
            None => usage::write(writer, &Usage::default()),
        }
        writer.close();
    }

    /// Writes the answer as it failed.
    pub fn write_failed(&self, writer: &mut Writer, items: &[Vec<u8>], error: &UpstreamError) {
        self.head(writer, "failed");
        writer.key("error");
        failure::write(writer, error);
        writer.key("incomplete_details").null();
        write_items(writer, items);
        writer.key("usage").null().close();
    }

    fn head(&self, writer: &mut Writer, status: &str) {
        writer.open().text_field("id", &format!("{RESPONSE}{}", self.key)).text_field("object", "response");
        writer.number_field("created_at", CREATED).text_field("status", status).text_field("model", &self.model);
        writer.boolean_field("parallel_tool_calls", true).boolean_field("store", false);
    }
}

fn write_items(writer: &mut Writer, items: &[Vec<u8>]) {
    writer.key("output").open_array();
    for item in items {
        writer.raw(std::str::from_utf8(item).expect("a writer writes text"));
    }
    writer.close_array();
}
