//! Reasoning items: their encrypted content, and what travels through clients of other dialects for it.
//!
//! The native signature is JSON of the item's id and its encrypted content, so that the item comes back as it was; an encrypted
//! content alone, from a client that speaks this dialect, is taken as it is.

use crate::json::{Fields, Path, Writer};
use crate::neutral::Thinking;
use crate::signature;

/// Between the parts of a summary.
pub const BETWEEN_PARTS: &str = "\n\n";
const ID: &str = "id";
const CONTENT: &str = "encrypted_content";
/// Ends the encrypted content of a thought that is encrypted as a whole at its maker. No character of base64 is in it.
const REDACTED: &str = "#redacted";

/// The signature that stands for an item; `None` when the provider gave no encrypted content.
pub fn native(id: Option<&str>, encrypted_content: Option<&str>) -> Option<String> {
    let content = encrypted_content.filter(|content| !content.is_empty())?;
    let mut writer = Writer::with_capacity(content.len() + 64);
    writer.open();
    if let Some(id) = id {
        writer.text_field(ID, id);
    }
    writer.text_field(CONTENT, content).close();
    Some(String::from_utf8(writer.finish()).expect("written from text"))
}

/// Writes the item for its provider. Without a signature there is none.
pub fn write(writer: &mut Writer, thinking: &Thinking) {
    let native = thinking.signature.as_ref().map_or("", |signature| signature.native.as_str());
    let (id, content) = parts(native);
    writer.open().text_field("type", "reasoning");
    if let Some(id) = id {
        writer.text_field(ID, &id);
    }
    write_summary(writer, &thinking.text);
    writer.text_field(CONTENT, &content).close();
}

/// Writes an item that a client sent back, with the id and the encrypted content that its provider gave.
pub fn write_again(writer: &mut Writer, item: &Fields<'_>, native: &str) {
    let (id, content) = parts(native);
    writer.open();
    for (key, raw) in item.iter().filter(|(key, _)| *key != ID && *key != CONTENT) {
        writer.raw_field(key, raw.get());
    }
    if let Some(id) = id {
        writer.text_field(ID, &id);
    }
    writer.text_field(CONTENT, &content).close();
}

/// Writes `summary`: no part when nothing is shown.
pub fn write_summary(writer: &mut Writer, text: &str) {
    writer.key("summary").open_array();
    if !text.is_empty() {
        writer.open().text_field("type", "summary_text").text_field("text", text).close();
    }
    writer.close_array();
}

/// What a client gets as encrypted content for a signature.
pub fn for_client(signature: &str, redacted: bool) -> String {
    if redacted { format!("{signature}{REDACTED}") } else { signature.to_owned() }
}

/// A thought that a client sent back.
pub fn from_client(text: String, encrypted_content: Option<String>) -> Thinking {
    let content = encrypted_content.filter(|content| !content.is_empty());
    let redacted = content.as_ref().is_some_and(|content| content.ends_with(REDACTED));
    let content = content.map(|content| content.strip_suffix(REDACTED).map(str::to_owned).unwrap_or(content));
    Thinking { text, signature: content.map(|content| signature::read(&content)), redacted }
}

/// The id and the encrypted content of a native signature.
fn parts(native: &str) -> (Option<String>, String) {
    let composite = serde_json::from_str::<Fields<'_>>(native).ok().and_then(|mut fields| {
        let content = fields.string(CONTENT, &Path::Root).ok().flatten()?;
        Some((fields.string(ID, &Path::Root).ok().flatten(), content))
    });
    composite.unwrap_or_else(|| (None, native.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::neutral::{Origin, Signature};

    #[test]
    fn an_item_comes_back_with_its_id_and_every_byte_of_its_content() {
        let native = native(Some("rs_1"), Some("gAAA\"+/=\u{e9}")).expect("has content");
        let signature = Signature { origin: Origin::Unmarked, native };
        let thinking = Thinking { text: "hm".to_owned(), signature: Some(signature), redacted: false };
        let mut writer = Writer::default();
        write(&mut writer, &thinking);
        let expected = "{\"type\":\"reasoning\",\"id\":\"rs_1\",\"summary\":[{\"type\":\"summary_text\",\"text\":\"hm\"}],\
                        \"encrypted_content\":\"gAAA\\\"+/=\u{e9}\"}";
        assert_eq!(String::from_utf8(writer.finish()).expect("text"), expected);
    }

    #[test]
    fn a_redacted_thought_is_told_from_one_that_is_only_signed() {
        for redacted in [false, true] {
            let thinking = from_client(String::new(), Some(for_client("legion:a:xyz", redacted)));
            assert_eq!(thinking.redacted, redacted);
            let signature = thinking.signature.expect("has one");
            assert_eq!((signature.origin, signature.native.as_str()), (Origin::Provider("a".to_owned()), "xyz"));
        }
        assert_eq!(from_client("hm".to_owned(), Some(String::new())).signature, None);
    }
}
