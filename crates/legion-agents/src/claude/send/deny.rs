use serde_json::json;

/// Returns the refusal of a tool call. The model reads `message`; its turn goes on.
pub fn deny(request: &str, message: &str) -> Vec<u8> {
    super::line::control_success(request, &json!({"behavior": "deny", "message": message}))
}
