//! Reading fields of a message, whatever they really hold.

use serde_json::Value;

/// Takes the value at `key` out; null when there is none. (Indexing for writing panics on a value that is no object.)
pub(super) fn take(value: &mut Value, key: &str) -> Value {
    value.get_mut(key).map_or(Value::Null, Value::take)
}

/// Returns the text at `key`, or nothing.
pub(super) fn text(value: &Value, key: &str) -> Option<String> {
    value[key].as_str().map(str::to_owned)
}

/// Returns the text at `key`; empty when there is none.
pub(super) fn text_or_empty(value: &Value, key: &str) -> String {
    text(value, key).unwrap_or_default()
}

/// Returns the number at `key` when it fits.
pub(super) fn number(value: &Value, key: &str) -> Option<u32> {
    value[key].as_u64().and_then(|number| u32::try_from(number).ok())
}
