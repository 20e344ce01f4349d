//! Pieces of JSON Schema that the tools share.

use serde_json::{Value, json};

/// The longest task or message that the service takes, in characters: at most 1 MiB.
pub(super) const TEXT_CHARS_MAX: u32 = 1024 * 1024;

/// The schema of an object with these properties and no others.
pub(super) fn object(properties: Value, required: &[&str]) -> Value {
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

/// The schema of an agent's id.
pub(super) fn agent_id(description: &str) -> Value {
    json!({"type": "string", "minLength": 1, "maxLength": 64, "description": description})
}
