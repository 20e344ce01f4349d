//! Tools that take free text, for dialects that know functions only: a function with one string.

use crate::json::{Fields, Path, Writer};

/// The schema of the function that stands for such a tool.
pub const SCHEMA: &str = r#"{"type":"object","properties":{"input":{"type":"string"}},"required":["input"]}"#;
const INPUT: &str = "input";

/// Free text as the function's arguments.
pub fn wrap(text: &str) -> String {
    let mut writer = Writer::with_capacity(text.len() + 16);
    writer.open().text_field(INPUT, text).close();
    String::from_utf8(writer.finish()).expect("JSON of a string is UTF-8")
}

/// The free text in a function's arguments; the arguments themselves when they are something else.
pub fn unwrap(arguments: &str) -> String {
    let input = serde_json::from_str::<Fields<'_>>(arguments)
        .ok()
        .and_then(|mut fields| fields.string(INPUT, &Path::Root).ok().flatten());
    input.unwrap_or_else(|| arguments.to_owned())
}
