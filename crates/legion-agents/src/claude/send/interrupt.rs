use serde_json::json;
use uuid::Uuid;

/// Returns the request to end the running turn. Without one it is answered and does nothing.
pub fn interrupt(request: Uuid) -> Vec<u8> {
    super::line::control_request(request, &json!({"subtype": "interrupt"}))
}
