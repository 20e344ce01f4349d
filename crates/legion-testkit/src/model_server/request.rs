//! What the model server remembers of a request.

use std::time::SystemTime;

use bytes::Bytes;
use http::HeaderMap;
use serde_json::Value;

use super::Dialect;
use super::conversation;
use super::read::{Conversation, Tool};

/// The headers that name an agent program's session: of Claude Code, of Codex, of opencode.
const SESSION_HEADERS: [&str; 4] = ["x-claude-code-session-id", "session-id", "session_id", "x-session-id"];

/// One request for an answer of the model.
#[derive(Clone, Debug)]
pub struct ModelRequest {
    /// Counts the requests from 0, in the order of their arrival.
    pub sequence: u64,
    pub at: SystemTime,
    pub dialect: Dialect,
    /// All headers, as they came.
    pub headers: HeaderMap,
    /// The body, byte for byte.
    pub raw: Bytes,
    /// The session that the agent program names in a header.
    pub session: Option<String>,
    /// The header `x-claude-code-agent-id`, of a subagent.
    pub subagent: Option<String>,
    pub authorization: Option<String>,
    pub api_key: Option<String>,
    pub model: String,
    pub stream: bool,
    /// The names of the tools offered; a request without any is a side request.
    pub tools: Vec<String>,
    /// The system prompt, whatever its shape.
    pub system: Value,
    /// In every dialect as the Messages API of Anthropic words them.
    pub messages: Vec<Value>,
}

/// What came in.
pub(super) struct Received<'a> {
    pub dialect: Dialect,
    pub headers: &'a HeaderMap,
    pub raw: Bytes,
    pub body: &'a Value,
    pub conversation: &'a Conversation,
}

impl ModelRequest {
    pub(super) fn new(sequence: u64, received: Received<'_>) -> Self {
        let Received { dialect, headers, raw, body, conversation } = received;
        let header = |name: &str| headers.get(name)?.to_str().ok().map(str::to_owned);
        Self {
            sequence,
            at: SystemTime::now(),
            dialect,
            headers: headers.clone(),
            raw,
            session: SESSION_HEADERS.into_iter().find_map(header),
            subagent: header("x-claude-code-agent-id"),
            authorization: header("authorization"),
            api_key: header("x-api-key"),
            model: body["model"].as_str().unwrap_or_default().to_owned(),
            stream: body["stream"].as_bool().unwrap_or(false),
            tools: conversation.tools.iter().map(Tool::full_name).collect(),
            system: conversation.system.clone(),
            messages: conversation.messages.clone(),
        }
    }

    /// Returns a header's value, when there is one and it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Returns the body as it came, in its own dialect.
    pub fn body(&self) -> Value {
        serde_json::from_slice(&self.raw).unwrap_or_default()
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
