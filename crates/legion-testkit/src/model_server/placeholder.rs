//! Placeholders: how an answer uses what tools have returned since its script began.
//!
//! `{{last_tool_result}}`, `{{result:N}}` (text of the N-th result, from 0; −1 is the last) and
//! `{{json:N:/pointer}}` (a value in the JSON of the N-th result). A string that is nothing but one `json`
//! placeholder becomes the value itself, with its type. What stands inside a nested script is left for whoever
//! runs that script.

use serde_json::Value;

use super::script;

/// Returns `text` with its placeholders replaced.
pub(super) fn fill(text: &str, results: &[String]) -> Result<String, String> {
    let mut filled = String::with_capacity(text.len());
    let mut from = 0;
    for place in script::places(text) {
        filled.push_str(&fill_plain(&text[from..place.start], results)?);
        filled.push_str(&text[place.start..place.end]);
        from = place.end;
    }
    filled.push_str(&fill_plain(&text[from..], results)?);
    Ok(filled)
}

/// Returns `value` with the placeholders in all its strings replaced.
pub(super) fn fill_value(value: &Value, results: &[String]) -> Result<Value, String> {
    Ok(match value {
        Value::String(text) => match whole(text) {
            Some(name) => lookup(name, results)?,
            None => Value::String(fill(text, results)?),
        },
        Value::Array(items) => {
            Value::Array(items.iter().map(|item| fill_value(item, results)).collect::<Result<_, _>>()?)
        }
        Value::Object(fields) => Value::Object(
            fields
                .iter()
                .map(|(name, field)| Ok((name.clone(), fill_value(field, results)?)))
                .collect::<Result<_, String>>()?,
        ),
        other => other.clone(),
    })
}

/// Returns the name of the placeholder when `text` is exactly one.
fn whole(text: &str) -> Option<&str> {
    let name = text.strip_prefix("{{")?.strip_suffix("}}")?;
    (is_ours(name) && !name.contains("}}")).then_some(name)
}

fn is_ours(name: &str) -> bool {
    name == "last_tool_result" || name.starts_with("result:") || name.starts_with("json:")
}

fn fill_plain(text: &str, results: &[String]) -> Result<String, String> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find("{{") {
        filled.push_str(&rest[..open]);
        let after = &rest[open + 2..];
        match after.find("}}") {
            Some(close) if is_ours(&after[..close]) => {
                match lookup(&after[..close], results)? {
                    Value::String(text) => filled.push_str(&text),
                    other => filled.push_str(&other.to_string()),
                }
                rest = &after[close + 2..];
            }
            _ => {
                filled.push_str("{{");
                rest = after;
            }
        }
    }
    filled.push_str(rest);
    Ok(filled)
}

fn lookup(name: &str, results: &[String]) -> Result<Value, String> {
    let found = if name == "last_tool_result" {
        nth("-1", results).map(|text| Value::String(text.to_owned()))
    } else if let Some(index) = name.strip_prefix("result:") {
        nth(index, results).map(|text| Value::String(text.to_owned()))
    } else {
        name.strip_prefix("json:")
            .and_then(|rest| rest.split_once(':'))
            .and_then(|(index, pointer)| json(nth(index, results)?)?.pointer(pointer).cloned())
    };
    found.ok_or_else(|| format!("nothing for {{{{{name}}}}} in the tool results: {results:?}"))
}

fn nth<'a>(index: &str, results: &'a [String]) -> Option<&'a str> {
    let index: isize = index.parse().ok()?;
    let index = if index < 0 { results.len().checked_sub(index.unsigned_abs())? } else { index.unsigned_abs() };
    results.get(index).map(String::as_str)
}

/// Reads the first JSON value of a result: agent programs put reminders behind it.
fn json(text: &str) -> Option<Value> {
    let start = text.find(['{', '['])?;
    serde_json::Deserializer::from_str(&text[start..]).into_iter::<Value>().next()?.ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn results() -> Vec<String> {
        vec!["plain".to_owned(), "{\"id\":\"a-1\",\"level\":2}\n<system-reminder>".to_owned()]
    }

    #[test]
    fn results_are_used_in_later_inputs() {
        let input =
            json!({"to": "{{json:1:/id}}", "n": "{{json:-1:/level}}", "deep": ["{{result:0}} at {{json:1:/level}}"]});
        assert_eq!(fill_value(&input, &results()), Ok(json!({"to": "a-1", "n": 2, "deep": ["plain at 2"]})));
        assert!(fill("{{last_tool_result}}", &results()).unwrap().starts_with("{\"id\""));
    }

    #[test]
    fn a_nested_script_and_foreign_braces_stay_as_they_are() {
        let text = r#"{{x}} {{ @@[{"text":"{{result:7}}"}]@@ {{result:0}}"#;
        let expected = r#"{{x}} {{ @@[{"text":"{{result:7}}"}]@@ plain"#;
        assert_eq!(fill(text, &results()), Ok(expected.to_owned()));
    }

    #[test]
    fn a_missing_result_is_an_error_that_names_it() {
        let error = fill("{{json:1:/nope}}", &results()).unwrap_err();
        assert!(error.contains("json:1:/nope"), "{error}");
    }
}
