//! From a line of standard output to what it means.

use serde_json::Value;

use super::receive::{
    assistant, control_cancel_request, control_request, control_response, result, system_api_retry, system_init,
    system_task, user,
};
use crate::AgentEvent;

/// Longest line that is understood, in bytes: the echo of a prompt is one line, and a message of 1 MiB may take six times
/// as much in JSON. Longer are only tool results with pictures in them, which the program has already handed to the model.
pub const LINE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Bytes of a line that is not understood, for showing.
const PREFIX_BYTES_MAX: usize = 200;
/// Bytes of the name of a message that is not known.
const KIND_BYTES_MAX: usize = 64;

/// Understands what one process of Claude Code writes, from its first line on. Money is counted from the process's start.
#[derive(Debug, Default)]
pub struct Decoder {
    version: Option<String>,
    /// The running total of money when the process began; known with its first result.
    cost_before: Option<f64>,
}

impl Decoder {
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the version that the program named; `None` before its first turn.
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// Returns what a line means: nothing for an empty one, and otherwise at least one event.
    pub fn stdout_line(&mut self, line: &[u8]) -> Vec<AgentEvent> {
        let line = line.trim_ascii();
        if line.is_empty() {
            return Vec::new();
        }
        if line.len() > LINE_BYTES_MAX {
            return garbage(line);
        }
        match serde_json::from_slice::<Value>(line) {
            Ok(value) if value["type"].is_string() => self.message(value),
            _ => garbage(line),
        }
    }

    fn message(&mut self, line: Value) -> Vec<AgentEvent> {
        let kind = line["type"].as_str().unwrap_or_default();
        // What a subagent says and does is its own; the agent's part of it is the call and the result of the tool.
        if line["parent_tool_use_id"].is_string() && matches!(kind, "assistant" | "user") {
            return vec![AgentEvent::Other { kind: format!("subagent/{kind}") }];
        }
        match kind {
            "assistant" => assistant::events(line),
            "user" => user::events(&line),
            "result" => {
                let before = *self.cost_before.get_or_insert_with(|| result::cost_before(&line));
                result::events(&line, before)
            }
            "control_request" => control_request::events(line),
            "control_response" => control_response::events(line),
            "control_cancel_request" => control_cancel_request::events(&line),
            "system" => self.system(&line),
            other => vec![AgentEvent::Other { kind: clipped(other, KIND_BYTES_MAX) }],
        }
    }

    fn system(&mut self, line: &Value) -> Vec<AgentEvent> {
        match line["subtype"].as_str().unwrap_or_default() {
            "init" => {
                if let Some(version) = line["claude_code_version"].as_str() {
                    self.version = Some(clipped(version, KIND_BYTES_MAX));
                }
                system_init::events(line)
            }
            "api_retry" => system_api_retry::events(line),
            "task_started" => system_task::started(line),
            "task_notification" => system_task::ended(line),
            other => vec![AgentEvent::Other { kind: format!("system/{}", clipped(other, KIND_BYTES_MAX)) }],
        }
    }
}

fn garbage(line: &[u8]) -> Vec<AgentEvent> {
    let prefix = &line[..line.len().min(PREFIX_BYTES_MAX)];
    vec![AgentEvent::Garbage { line_prefix: String::from_utf8_lossy(prefix).into_owned() }]
}

fn clipped(text: &str, bytes_max: usize) -> String {
    text[..text.floor_char_boundary(bytes_max)].to_owned()
}
