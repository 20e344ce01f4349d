//! Fields of events. Bodies may grow and kinds may change: what is not understood is absent.

use jiff::Timestamp;
use serde_json::Value;

pub(super) fn number(body: &Value, field: &str) -> Option<u32> {
    body.get(field)?.as_u64()?.try_into().ok()
}

pub(super) fn word<'a>(body: &'a Value, field: &str) -> Option<&'a str> {
    body.get(field)?.as_str()
}

pub(super) fn flag(body: &Value, field: &str) -> bool {
    body.get(field).and_then(Value::as_bool).unwrap_or_default()
}

pub(super) fn moment(body: &Value, field: &str) -> Option<Timestamp> {
    word(body, field)?.parse().ok()
}

/// A text that is in the event, or the beginning of one that lies elsewhere.
pub(super) fn text<'a>(body: &'a Value, field: &str) -> Option<&'a str> {
    let value = body.get(field)?;
    let inline = value.as_str().or_else(|| value.get("text").and_then(Value::as_str));
    inline.or_else(|| value.get("blob")?.get("head")?.as_str())
}

/// The name of a variant: `"merged"`, or the only key of `{"failed": …}`; and what it holds.
pub(super) fn variant<'a>(body: &'a Value, field: &str) -> Option<(&'a str, &'a Value)> {
    match body.get(field)? {
        Value::String(name) => Some((name, &Value::Null)),
        Value::Object(fields) if fields.len() == 1 => fields.iter().next().map(|(name, held)| (name.as_str(), held)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_variant_is_a_word_or_a_single_key() {
        assert_eq!(variant(&json!({"end": "merged"}), "end"), Some(("merged", &Value::Null)));
        assert_eq!(variant(&json!({"end": {"failed": "task"}}), "end"), Some(("failed", &json!("task"))));
        assert_eq!(variant(&json!({"end": {"a": 1, "b": 2}}), "end"), None);
        assert_eq!(variant(&json!({}), "end"), None);
    }

    #[test]
    fn a_text_may_lie_elsewhere() {
        assert_eq!(text(&json!({"log": {"text": "a"}}), "log"), Some("a"));
        assert_eq!(text(&json!({"log": {"blob": {"head": "b"}}}), "log"), Some("b"));
        assert_eq!(text(&json!({"log": 3}), "log"), None);
        assert_eq!(number(&json!({"ticket": 5_000_000_000_u64}), "ticket"), None);
    }
}
