use serde_json::Value;

use super::field::text_or_empty;
use crate::AgentEvent;

/// A task of the program (a shell command or a subagent) began.
pub(in crate::claude) fn started(line: &Value) -> Vec<AgentEvent> {
    vec![AgentEvent::BackgroundStarted { id: text_or_empty(line, "task_id") }]
}

/// A task ended; when it ran in the background, a turn about it follows by itself.
pub(in crate::claude) fn ended(line: &Value) -> Vec<AgentEvent> {
    vec![AgentEvent::BackgroundEnded { id: text_or_empty(line, "task_id") }]
}
