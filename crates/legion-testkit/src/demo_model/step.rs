//! Steps of an agent.

use serde_json::{Value, json};

use super::turn::Turn;
use crate::model_server::{Call, Step};

pub(super) fn says(text: impl Into<String>) -> Step {
    Step { text: Some(text.into()), ..Step::default() }
}

/// Several tool calls at once, with a word about them.
pub(super) fn calls(text: &str, calls: Vec<Call>) -> Step {
    Step { text: Some(text.to_owned()), tools: calls, ..Step::default() }
}

pub(super) fn call(tool: &str, input: Value) -> Call {
    let Value::Object(input) = input else { unreachable!("the input of a tool is an object") };
    Call { tool: tool.to_owned(), input }
}

pub(super) fn read(turn: &Turn<'_>, name: &str) -> Call {
    call("Read", json!({"file_path": turn.path(name)}))
}

pub(super) fn write(turn: &Turn<'_>, name: &str, content: &str) -> Call {
    call("Write", json!({"file_path": turn.path(name), "content": content}))
}

pub(super) fn shell(command: &str, description: &str) -> Call {
    call("Bash", json!({"command": command, "description": description}))
}

pub(super) fn legion(tool: &str, input: Value) -> Call {
    call(&format!("mcp__legion__{tool}"), input)
}
