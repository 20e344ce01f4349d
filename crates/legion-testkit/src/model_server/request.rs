//! What the model server remembers of a request.

use std::time::SystemTime;

use http::HeaderMap;
use serde_json::Value;

use super::conversation;

/// One request for an answer of the model.
#[derive(Clone, Debug)]
pub struct ModelRequest {
    /// Counts the requests from 0, in the order of their arrival.
    pub sequence: u64,
    pub at: SystemTime,
    /// The header `x-claude-code-session-id`.
    pub session: Option<String>,
    /// The header `x-claude-code-agent-id`, of a subagent.
    pub subagent: Option<String>,
    pub authorization: Option<String>,
    pub api_key: Option<String>,
    pub model: String,
    pub stream: bool,
    /// The names of the tools offered; a request without any is a side request.
    pub tools: Vec<String>,
    /// The field `system`, whatever its shape.
    pub system: Value,
    pub messages: Vec<Value>,
}

impl ModelRequest {
    pub(super) fn new(sequence: u64, headers: &HeaderMap, body: &Value) -> Self {
        let header = |name: &str| headers.get(name)?.to_str().ok().map(str::to_owned);
        let names = |tool: &Value| tool["name"].as_str().map(str::to_owned);
        Self {
            sequence,
            at: SystemTime::now(),
            session: header("x-claude-code-session-id"),
            subagent: header("x-claude-code-agent-id"),
            authorization: header("authorization"),
            api_key: header("x-api-key"),
            model: body["model"].as_str().unwrap_or_default().to_owned(),
            stream: body["stream"].as_bool().unwrap_or(false),
            tools: body["tools"].as_array().into_iter().flatten().filter_map(names).collect(),
            system: body["system"].clone(),
            messages: body["messages"].as_array().cloned().unwrap_or_default(),
        }
    }

    /// Returns the texts of the user in this request, oldest first: no tool results, but the reminders in them
    /// (a steered message is one).
    pub fn user_texts(&self) -> Vec<&str> {
        self.messages.iter().filter(|message| message["role"] != "assistant").flat_map(conversation::texts).collect()
    }

    /// Returns the texts of the tool results in this request, in the order of their calls.
    pub fn tool_results(&self) -> Vec<String> {
        conversation::tool_results(&self.messages)
    }

    /// Tells whether any text of the request (prompt, answer, tool call, tool result) holds `needle`.
    pub fn holds(&self, needle: &str) -> bool {
        fn within(value: &Value, needle: &str) -> bool {
            match value {
                Value::String(text) => text.contains(needle),
                Value::Array(items) => items.iter().any(|item| within(item, needle)),
                Value::Object(fields) => fields.values().any(|field| within(field, needle)),
                _ => false,
            }
        }
        self.messages.iter().any(|message| within(message, needle))
    }
}
