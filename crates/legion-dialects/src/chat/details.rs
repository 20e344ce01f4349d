//! `reasoning_details`: thoughts with the opaque parts by which their maker knows them.
//!
//! What reaches a client of another dialect as the native signature is the entry itself without its text, so that it comes back
//! with every field that the provider gave.

use crate::error::Refused;
use crate::json::{Fields, Path, Writer, objects, string};
use crate::neutral::{Signature, Thinking};
use crate::signature;
use serde_json::value::RawValue;

/// Reads the entries of a message; fragments with the same index are one entry.
pub fn read(raw: &RawValue, path: &Path<'_>) -> Result<Vec<Thinking>, Refused> {
    let mut thoughts: Vec<(Option<u64>, Thinking)> = Vec::new();
    for (position, entry) in objects(raw, path)?.into_iter().enumerate() {
        let path = path.index(position);
        let entry = Entry::read(entry, &path)?;
        let same = thoughts.last_mut().filter(|(index, _)| index.is_some() && *index == entry.index);
        let thought = match same {
            Some((_, thought)) => thought,
            None => {
                thoughts.push((entry.index, Thinking { text: String::new(), signature: None, redacted: false }));
                &mut thoughts.last_mut().expect("pushed above").1
            }
        };
        thought.text.push_str(&entry.text);
        if let Some(opaque) = entry.opaque {
            let read = signature::read(&opaque);
            thought.redacted = entry.redacted;
            thought.signature = Some(match read.origin {
                crate::neutral::Origin::Provider(_) => read,
                crate::neutral::Origin::Unmarked => Signature { native: entry.native, ..read },
            });
        }
    }
    Ok(thoughts.into_iter().map(|(_, thought)| thought).collect())
}

/// One entry, whole or a fragment.
pub struct Entry {
    pub index: Option<u64>,
    pub text: String,
    /// The signature or the encrypted data.
    pub opaque: Option<String>,
    /// The entry as JSON without its text: what the provider needs back.
    pub native: String,
    pub redacted: bool,
}

impl Entry {
    pub fn read(mut fields: Fields<'_>, path: &Path<'_>) -> Result<Self, Refused> {
        let text = match fields.take("text").or_else(|| fields.take("summary")) {
            Some(raw) => string(raw, path)?,
            None => String::new(),
        };
        let redacted = fields.peek("type").is_some_and(|kind| kind.get() == "\"reasoning.encrypted\"");
        let mut writer = Writer::default();
        writer.open();
        for (key, raw) in fields.iter() {
            writer.raw_field(key, raw.get());
        }
        writer.close();
        let native = String::from_utf8(writer.finish()).expect("written from text");
        let index = fields.number("index", path)?;
        let opaque = fields.string(if redacted { "data" } else { "signature" }, path)?;
        Ok(Self { index, text, opaque: opaque.filter(|opaque| !opaque.is_empty()), native, redacted })
    }
}

/// Writes a thought back to the provider that made it.
pub fn write_native(writer: &mut Writer, native: &str, text: &str) {
    let Ok(fields) = serde_json::from_str::<Fields<'_>>(native) else { return };
    writer.open();
    for (key, raw) in fields.iter() {
        writer.raw_field(key, raw.get());
    }
    if !text.is_empty() {
        writer.text_field("text", text);
    }
    writer.close();
}

/// Writes a thought, or a piece of one, for a client.
pub fn write(writer: &mut Writer, index: u64, text: Option<&str>, signature: Option<&str>) {
    writer.open().text_field("type", "reasoning.text").number_field("index", index);
    if let Some(text) = text {
        writer.text_field("text", text);
    }
    if let Some(signature) = signature {
        writer.text_field("signature", signature);
    }
    writer.close();
}

/// Writes an encrypted thought for a client.
pub fn write_redacted(writer: &mut Writer, index: u64, data: &str) {
    writer.open().text_field("type", "reasoning.encrypted").number_field("index", index);
    writer.text_field("data", data).close();
}
