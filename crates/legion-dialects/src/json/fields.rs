//! One level of an object.

use crate::error::Refused;
use crate::json::{Path, boolean, decimal, number, string};
use serde::de::{Deserialize, DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// The fields of an object in their order, values as the bytes that came. Fields are taken out by name; what is left is what the
/// reader did not know. A field given twice counts as its last value, a field that is `null` as absent.
#[derive(Clone, Debug, Default)]
pub struct Fields<'a> {
    entries: Vec<(Cow<'a, str>, &'a RawValue)>,
}

impl<'a> Fields<'a> {
    /// Reads an object from text.
    pub fn read(raw: &'a RawValue, path: &Path<'_>) -> Result<Self, Refused> {
        serde_json::from_str(raw.get()).map_err(|_| Refused::new(path, "must be an object"))
    }

    /// Reads the object that a whole body is.
    pub fn body(body: &'a [u8]) -> Result<Self, Refused> {
        let text = std::str::from_utf8(body).map_err(|_| Refused::new(&Path::Root, "the body is no UTF-8"))?;
        serde_json::from_str(text)
            .map_err(|error| Refused::new(&Path::Root, format!("the body is no JSON object: {error}")))
    }

    /// Takes a field out; `None` when absent or `null`.
    pub fn take(&mut self, name: &str) -> Option<&'a RawValue> {
        let at = self.entries.iter().rposition(|(key, _)| key == name)?;
        let (_, value) = self.entries.remove(at);
        if self.entries[..at].iter().any(|(key, _)| key == name) {
            self.entries.retain(|(key, _)| key != name);
        }
        (value.get() != "null").then_some(value)
    }

    /// The value of a field without taking it.
    pub fn peek(&self, name: &str) -> Option<&'a RawValue> {
        self.entries
            .iter()
            .rev()
            .find(|(key, _)| key == name)
            .map(|(_, value)| *value)
            .filter(|value| value.get() != "null")
    }

    pub fn string(&mut self, name: &str, path: &Path<'_>) -> Result<Option<String>, Refused> {
        self.take(name).map(|raw| string(raw, &path.key(name))).transpose()
    }

    pub fn string_needed(&mut self, name: &str, path: &Path<'_>) -> Result<String, Refused> {
        self.string(name, path)?.ok_or_else(|| Refused::new(&path.key(name), "is needed"))
    }

    pub fn number(&mut self, name: &str, path: &Path<'_>) -> Result<Option<u64>, Refused> {
        self.take(name).map(|raw| number(raw, &path.key(name))).transpose()
    }

    pub fn decimal(&mut self, name: &str, path: &Path<'_>) -> Result<Option<serde_json::Number>, Refused> {
        self.take(name).map(|raw| decimal(raw, &path.key(name))).transpose()
    }

    pub fn boolean(&mut self, name: &str, path: &Path<'_>) -> Result<Option<bool>, Refused> {
        self.take(name).map(|raw| boolean(raw, &path.key(name))).transpose()
    }

    /// The object in a field.
    pub fn object(&mut self, name: &str, path: &Path<'_>) -> Result<Option<Self>, Refused> {
        self.take(name).map(|raw| Self::read(raw, &path.key(name))).transpose()
    }

    /// What nobody took, without the nulls.
    pub fn rest(self) -> impl Iterator<Item = (Cow<'a, str>, &'a RawValue)> {
        self.entries.into_iter().filter(|(_, value)| value.get() != "null")
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.entries.iter().map(|(key, value)| (key.as_ref(), *value))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Fields<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(key) = map.next_key_seed(Key)? {
                    entries.push((key, map.next_value::<&'de RawValue>()?));
                }
                Ok(Fields { entries })
            }
        }
        deserializer.deserialize_map(Object)
    }
}

/// A key, borrowed when it holds no escape.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Cow<'de, str>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a key")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Cow::Borrowed(text))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Cow::Owned(text.to_owned()))
            }
        }
        deserializer.deserialize_str(Text)
    }
}
