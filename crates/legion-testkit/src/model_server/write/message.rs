//! A message in any dialect.

use super::part::Part;
use super::{anthropic, breaking, chat, responses};
use crate::model_server::Dialect;
use crate::model_server::answer::Message;

/// What an answer takes from its request, and its ids.
#[derive(Clone, Debug)]
pub(in crate::model_server) struct Frame {
    pub model: String,
    pub stream: bool,
    /// Whether a stream of the Chat Completions API is to end with the usage.
    pub include_usage: bool,
    /// Letters and digits, without the prefix that dialects put before ids.
    pub id: String,
    /// One for each tool call; likewise.
    pub call_ids: Vec<String>,
}

/// When every answer was made, in seconds since 1970: scripts know no clock.
pub(super) const CREATED: u64 = 1_767_225_600;

/// Returns the message as its client wants it.
pub(in crate::model_server) fn message(dialect: Dialect, message: &Message, frame: &Frame) -> Vec<Part> {
    let parts = match (dialect, frame.stream) {
        (Dialect::Anthropic, true) => anthropic::streamed(message, frame),
        (Dialect::Anthropic, false) => anthropic::whole(message, frame),
        (Dialect::Chat, true) => chat::streamed(message, frame),
        (Dialect::Chat, false) => chat::whole(message, frame),
        (Dialect::Responses, true) => responses::streamed(message, frame),
        (Dialect::Responses, false) => responses::whole(message, frame),
    };
    match message.broken {
        Some(how) => breaking::broken(parts, how, frame.stream),
        None => parts,
    }
}
