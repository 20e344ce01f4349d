use std::borrow::Cow;

use serde_json::json;
use uuid::Uuid;

/// The line before a text that would be a command.
const TEXT_FOLLOWS: &str = "[legion]";

/// When a message is taken up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Priority {
    /// In the running turn, with its next request to the model. (The program also knows `later`, which it loses when it
    /// is killed, and `now`, which cuts the turn: Legion uses neither.)
    Next,
}

/// Returns a message of the user. The program echoes `injection` when it takes the message up.
pub fn user_message(injection: Uuid, text: &str, priority: Option<Priority>) -> Vec<u8> {
    // A slash at the start is a command to the program: answered without the model, never echoed, and not put into a
    // running turn. A line before it makes it a text again; an empty one is not enough in a running turn.
    let text = match text.trim_start().starts_with('/') {
        true => Cow::Owned(format!("{TEXT_FOLLOWS}\n{text}")),
        false => Cow::Borrowed(text),
    };
    let mut message = json!({
        "type": "user",
        "message": {"role": "user", "content": text},
        "uuid": injection,
    });
    if let Some(Priority::Next) = priority {
        message["priority"] = json!("next");
    }
    super::line::line(&message)
}
