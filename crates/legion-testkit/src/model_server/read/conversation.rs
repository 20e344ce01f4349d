//! The one form: messages as Anthropic's Messages API words them.

use serde_json::Value;

use super::tools::{self, Tool};
use super::{chat, responses};
use crate::model_server::Dialect;

/// What a request asks, in one form for all dialects.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::model_server) struct Conversation {
    /// The system prompt, whatever its shape.
    pub system: Value,
    /// With blocks `text`, `tool_use` and `tool_result`; blocks of other kinds are as they came.
    pub messages: Vec<Value>,
    pub tools: Vec<Tool>,
}

/// Reads a request's body.
pub(in crate::model_server) fn conversation(dialect: Dialect, body: &Value) -> Conversation {
    match dialect {
        Dialect::Anthropic => Conversation {
            system: body["system"].clone(),
            messages: body["messages"].as_array().cloned().unwrap_or_default(),
            tools: tools::of_anthropic(body),
        },
        Dialect::Chat => chat::read(body),
        Dialect::Responses => responses::read(body),
    }
}
