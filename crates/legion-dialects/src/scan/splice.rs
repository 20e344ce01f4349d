//! The model's name, exchanged.

use crate::error::Refused;
use crate::json::{Fields, Path};
use serde_json::value::RawValue;
use std::ops::Range;

/// The body with another model, every other byte as it came: prompt caches of providers compare bytes.
pub fn splice_model(body: &[u8], model: &str) -> Result<Vec<u8>, Refused> {
    let fields = Fields::body(body)?;
    let path = Path::Root;
    let known = fields.peek("model").ok_or_else(|| Refused::new(&path.key("model"), "is needed"))?;
    Ok(splice_at(body, &place(body, known), model))
}

/// The same for a body whose model's place is known.
pub fn splice_at(body: &[u8], at: &Range<usize>, model: &str) -> Vec<u8> {
    let name = serde_json::to_vec(model).expect("a string is JSON");
    let mut spliced = Vec::with_capacity(body.len() - at.len() + name.len());
    spliced.extend_from_slice(&body[..at.start]);
    spliced.extend_from_slice(&name);
    spliced.extend_from_slice(&body[at.end..]);
    spliced
}

/// Where a value of a body stands in it.
pub fn place(body: &[u8], value: &RawValue) -> Range<usize> {
    let value = value.get();
    let start = (value.as_ptr() as usize).saturating_sub(body.as_ptr() as usize);
    start..start + value.len()
}
