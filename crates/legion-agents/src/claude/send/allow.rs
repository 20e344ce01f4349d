use serde_json::{Map, Value, json};

/// Returns the permission for a tool call. `input` replaces the call's input: send the one that was asked about.
pub fn allow(request: &str, input: &Map<String, Value>) -> Vec<u8> {
    super::line::control_success(request, &json!({"behavior": "allow", "updatedInput": input}))
}
