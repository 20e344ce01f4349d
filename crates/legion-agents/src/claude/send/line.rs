//! The frame of what we write.

use serde_json::{Value, json};
use uuid::Uuid;

pub(super) fn line(value: &Value) -> Vec<u8> {
    // Compact JSON has no raw line ends: they are escaped inside strings.
    let mut line = value.to_string().into_bytes();
    line.push(b'\n');
    line
}

pub(super) fn control_request(request: Uuid, body: &Value) -> Vec<u8> {
    line(&json!({"type": "control_request", "request_id": request, "request": body}))
}

pub(super) fn control_success(request: &str, body: &Value) -> Vec<u8> {
    line(&json!({
        "type": "control_response",
        "response": {"subtype": "success", "request_id": request, "response": body},
    }))
}
