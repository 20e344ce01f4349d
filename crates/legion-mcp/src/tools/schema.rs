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

/// The schema of a ticket's number.
pub(super) fn ticket(description: &str) -> Value {
    json!({"type": "integer", "minimum": 1, "maximum": u32::MAX, "description": description})
}

/// The schema of the name of the session that something goes to.
pub(super) fn session() -> Value {
    json!({"type": "string", "pattern": "^[a-z0-9][a-z0-9._-]{0,63}$", "description": "Name of the session; the current one when left out."})
}

/// The schema of the name of a session that bounds what is meant.
pub(super) fn only_session() -> Value {
    json!({"type": "string", "pattern": "^[a-z0-9][a-z0-9._-]{0,63}$", "description": "Only of the session of this name; of all when left out."})
}

/// The schema of a text.
pub(super) fn text(description: &str, chars_max: u32) -> Value {
    json!({"type": "string", "minLength": 1, "maxLength": chars_max, "description": description})
}

/// The schema of a list of texts.
pub(super) fn texts(description: &str, items_max: u32) -> Value {
    json!({"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 4096}, "maxItems": items_max, "description": description})
}

/// The schema of a list of commands of a shell.
pub(super) fn command_lines(description: &str) -> Value {
    json!({"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 32_768}, "maxItems": 256, "description": description})
}
