use serde_json::json;

/// Returns an error for a request of the program that we do not know: unanswered, it would wait for ever.
pub fn refuse(request: &str, message: &str) -> Vec<u8> {
    super::line::line(&json!({
        "type": "control_response",
        "response": {"subtype": "error", "request_id": request, "error": message},
    }))
}
