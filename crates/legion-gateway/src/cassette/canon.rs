//! One text for all requests that mean the same.

use serde_json::Value;
use sha2::{Digest, Sha256};

/// Fields that differ from run to run and change no answer.
const VOLATILE: &[&str] = &["metadata", "user", "prompt_cache_key", "safety_identifier", "stream_options"];
/// Begins a block of text that a program puts in front of its instructions, other each time.
const BILLING: &str = "x-anthropic-billing-header";

/// A request in its one form: fields in the order of their names, without what differs from run to run. The bytes as text, when they
/// are no JSON.
pub(super) fn canonical(body: &[u8]) -> String {
    let Ok(mut value) = serde_json::from_slice::<Value>(body) else {
        return String::from_utf8_lossy(body).into_owned();
    };
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|name, _| !VOLATILE.contains(&name.as_str()));
        if let Some(blocks) = fields.get_mut("system").and_then(Value::as_array_mut) {
            blocks.retain(|block| !block["text"].as_str().is_some_and(|text| text.starts_with(BILLING)));
        }
    }
    let mut text = String::new();
    write(&value, &mut text);
    text
}

/// The name of a request: SHA-256 of its one form, in hexadecimal.
pub(super) fn key(canonical: &str) -> String {
    use std::fmt::Write;
    Sha256::digest(canonical.as_bytes()).iter().fold(String::with_capacity(64), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string does not fail");
        text
    })
}

fn write(value: &Value, text: &mut String) {
    match value {
        Value::Object(fields) => {
            let mut names: Vec<&String> = fields.keys().collect();
            names.sort_unstable();
            text.push('{');
            for (index, name) in names.into_iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                text.push_str(&Value::String(name.clone()).to_string());
                text.push(':');
                write(&fields[name], text);
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write(item, text);
            }
            text.push(']');
        }
        plain => text.push_str(&plain.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_passing_marks_do_not_matter_and_content_does() {
        let one = canonical(br#"{"model":"m","metadata":{"user_id":"1"},"system":[{"type":"text","text":"x-anthropic-billing-header: a"},{"type":"text","text":"s"}]}"#);
        let two = canonical(br#"{"system":[{"text":"s","type":"text"}], "model":"m","metadata":{"user_id":"2"}}"#);
        assert_eq!(one, two);
        assert_eq!(key(&one), key(&two));
        assert_ne!(one, canonical(br#"{"system":[{"text":"t","type":"text"}], "model":"m"}"#));
        assert_eq!(canonical(b"{broken"), "{broken");
    }
}
