use serde_json::json;
use uuid::Uuid;

/// Returns the question for what the program can do; the first thing that may be asked, and answered before any message.
pub fn initialize(request: Uuid) -> Vec<u8> {
    super::line::control_request(request, &json!({"subtype": "initialize"}))
}
