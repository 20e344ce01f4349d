use serde_json::Value;

use super::field::text;
use crate::AgentEvent;

/// The program begins a turn, and says which version it is. Comes with every turn, and never before the first message.
pub(in crate::claude) fn events(line: &Value) -> Vec<AgentEvent> {
    vec![
        AgentEvent::Ready { program_version: text(line, "claude_code_version"), session: text(line, "session_id") },
        AgentEvent::TurnStarted,
    ]
}
