use serde_json::json;
use uuid::Uuid;

/// When a message is taken up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Priority {
    /// In the running turn, with its next request to the model. (The program also knows `later`, which it loses when it
    /// is killed, and `now`, which cuts the turn: Legion uses neither.)
    Next,
}

/// Returns a message of the user. The program echoes `injection` when it takes the message up.
pub fn user_message(injection: Uuid, text: &str, priority: Option<Priority>) -> Vec<u8> {
    let mut message = json!({
        "type": "user",
        "message": {"role": "user", "content": text},
        "uuid": injection,
    });
    if let Some(Priority::Next) = priority {
        message["priority"] = json!("next");
    }
    super::line(&message)
}
