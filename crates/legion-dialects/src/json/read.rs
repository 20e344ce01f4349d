//! Values out of the bytes that came.

use crate::error::Refused;
use crate::json::{Fields, Path};
use serde_json::value::RawValue;

pub fn string(raw: &RawValue, path: &Path<'_>) -> Result<String, Refused> {
    serde_json::from_str(raw.get()).map_err(|_| Refused::new(path, "must be a string"))
}

pub fn number(raw: &RawValue, path: &Path<'_>) -> Result<u64, Refused> {
    whole(raw.get()).ok_or_else(|| Refused::new(path, "must be a whole number that is not negative"))
}

pub fn decimal(raw: &RawValue, path: &Path<'_>) -> Result<serde_json::Number, Refused> {
    serde_json::from_str(raw.get()).map_err(|_| Refused::new(path, "must be a number"))
}

pub fn boolean(raw: &RawValue, path: &Path<'_>) -> Result<bool, Refused> {
    serde_json::from_str(raw.get()).map_err(|_| Refused::new(path, "must be true or false"))
}

/// The elements of an array.
pub fn array<'a>(raw: &'a RawValue, path: &Path<'_>) -> Result<Vec<&'a RawValue>, Refused> {
    serde_json::from_str(raw.get()).map_err(|_| Refused::new(path, "must be an array"))
}

/// The objects of an array, in one pass.
pub fn objects<'a>(raw: &'a RawValue, path: &Path<'_>) -> Result<Vec<Fields<'a>>, Refused> {
    if let Ok(objects) = serde_json::from_str(raw.get()) {
        return Ok(objects);
    }
    // The slow way only says which element is wrong.
    array(raw, path)?.into_iter().enumerate().map(|(index, raw)| Fields::read(raw, &path.index(index))).collect()
}

/// A string, or what `other` makes of a value that is none.
pub fn string_or<T>(
    raw: &RawValue,
    path: &Path<'_>,
    text: impl FnOnce(String) -> T,
    other: impl FnOnce() -> Result<T, Refused>,
) -> Result<T, Refused> {
    if raw.get().starts_with('"') { string(raw, path).map(text) } else { other() }
}

/// The text of a value of an upstream: a string as it is (halves of surrogate pairs replaced), anything else as its JSON.
pub fn text_lossy(raw: &RawValue) -> String {
    if !raw.get().starts_with('"') {
        return raw.get().to_owned();
    }
    serde_json::from_str(raw.get()).unwrap_or_else(|_| {
        // Only a lone surrogate is wrong in a string that was scanned already; bytes take it.
        serde_json::from_str::<WithoutSurrogates>(raw.get()).map(|text| text.0).unwrap_or_default()
    })
}

/// Whether the text is one JSON object.
pub fn is_object(text: &str) -> bool {
    serde_json::from_str::<Fields<'_>>(text).is_ok()
}

/// A whole number, also when written as `12.0`.
fn whole(text: &str) -> Option<u64> {
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    let float: f64 = text.parse().ok()?;
    // Above 2^53 a float is no exact count.
    (float >= 0.0 && float.fract() == 0.0 && float <= 9_007_199_254_740_992.0).then_some(float as u64)
}

/// A string read as bytes, which may hold halves of surrogate pairs.
struct WithoutSurrogates(String);

impl<'de> serde::Deserialize<'de> for WithoutSurrogates {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;
        impl serde::de::Visitor<'_> for Bytes {
            type Value = WithoutSurrogates;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("a string")
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Self::Value, E> {
                Ok(WithoutSurrogates(String::from_utf8_lossy(bytes).into_owned()))
            }
        }
        deserializer.deserialize_bytes(Bytes)
    }
}
