//! What Claude Code writes, one file per message.

pub(super) mod assistant;
pub(super) mod control_cancel_request;
pub(super) mod control_request;
pub(super) mod control_response;
pub(super) mod result;
pub(super) mod system_api_retry;
pub(super) mod system_init;
pub(super) mod system_task;
pub(super) mod user;

use serde_json::Value;

/// Takes the value at `key` out; null when there is none. (Indexing for writing panics on a value that is no object.)
fn take(value: &mut Value, key: &str) -> Value {
    value.get_mut(key).map_or(Value::Null, Value::take)
}

/// Returns the text at `key`, or nothing.
fn text(value: &Value, key: &str) -> Option<String> {
    value[key].as_str().map(str::to_owned)
}

/// Returns the text at `key`; empty when there is none.
fn text_or_empty(value: &Value, key: &str) -> String {
    text(value, key).unwrap_or_default()
}

/// Returns the number at `key` when it fits.
fn number(value: &Value, key: &str) -> Option<u32> {
    value[key].as_u64().and_then(|number| u32::try_from(number).ok())
}
