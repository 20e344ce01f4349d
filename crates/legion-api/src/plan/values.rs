//! Values of a plan that may be written in more than one way. Each is read by hand, so that an error says what is possible.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, OneOfBuilder, Schema, SchemaType, Type};
use utoipa::{PartialSchema, ToSchema};

/// A ticket's id inside its plan. `7` and `"7"` are the same id; it is always written as text.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TicketKey(pub String);

/// One text or a list of them. Which of the two it was is kept: for a program they mean different things.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextOrList {
    Text(String),
    List(Vec<String>),
}

/// A length of time in whole seconds, written as a number of seconds or as text such as `1h30m`; it is always sent as a number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct PlanDuration {
    pub seconds: u64,
}

/// A text that is no length of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DurationText(String);

impl TicketKey {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for TicketKey {
    fn from(key: &str) -> Self {
        Self(key.to_owned())
    }
}

impl TextOrList {
    /// The texts, in their order.
    pub fn into_list(self) -> Vec<String> {
        match self {
            Self::Text(text) => vec![text],
            Self::List(list) => list,
        }
    }
}

impl PlanDuration {
    /// Reads `90`, `90s`, `20m`, `1h30m`, `1d`: whole numbers with their units, the larger unit first, none twice.
    pub fn parse(text: &str) -> Result<Self, DurationText> {
        let fault = || DurationText(text.chars().take(40).collect());
        let text = text.trim();
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return text.parse().map(|seconds| Self { seconds }).map_err(|_| fault());
        }
        let mut seconds: u64 = 0;
        let mut units: &[(char, u64)] = &[('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];
        let mut rest = text;
        while !rest.is_empty() {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let number: u64 = rest[..digits].parse().map_err(|_| fault())?;
            let unit = rest[digits..].chars().next().ok_or_else(fault)?;
            let at = units.iter().position(|(name, _)| *name == unit).ok_or_else(fault)?;
            seconds = number.checked_mul(units[at].1).and_then(|part| seconds.checked_add(part)).ok_or_else(fault)?;
            units = &units[at + 1..];
            rest = rest[digits + unit.len_utf8()..].trim_start();
        }
        if text.is_empty() { Err(fault()) } else { Ok(Self { seconds }) }
    }
}

impl fmt::Display for DurationText {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "`{}` is no length of time: write seconds, or text such as \"90s\", \"20m\", \"1h30m\"",
            self.0.escape_debug()
        )
    }
}

impl std::error::Error for DurationText {}

impl Serialize for TicketKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for TicketKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Key;
        impl Visitor<'_> for Key {
            type Value = TicketKey;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a ticket's id (text or a whole number)")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<TicketKey, E> {
                Ok(TicketKey(text.to_owned()))
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<TicketKey, E> {
                Ok(TicketKey(number.to_string()))
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<TicketKey, E> {
                match u64::try_from(number) {
                    Ok(number) => self.visit_u64(number),
                    Err(_) => Err(E::invalid_value(de::Unexpected::Signed(number), &self)),
                }
            }
        }
        deserializer.deserialize_any(Key)
    }
}

impl Serialize for TextOrList {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(list) => list.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for TextOrList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = TextOrList;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("text or a list of texts")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<TextOrList, E> {
                Ok(TextOrList::Text(text.to_owned()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<TextOrList, A::Error> {
                let mut list = Vec::new();
                while let Some(text) = sequence.next_element()? {
                    list.push(text);
                }
                Ok(TextOrList::List(list))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl Serialize for PlanDuration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.seconds)
    }
}

impl<'de> Deserialize<'de> for PlanDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Length;
        impl Visitor<'_> for Length {
            type Value = PlanDuration;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("seconds, or text such as \"20m\"")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<PlanDuration, E> {
                PlanDuration::parse(text).map_err(E::custom)
            }
            fn visit_u64<E: de::Error>(self, seconds: u64) -> Result<PlanDuration, E> {
                Ok(PlanDuration { seconds })
            }
            fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<PlanDuration, E> {
                match u64::try_from(seconds) {
                    Ok(seconds) => Ok(PlanDuration { seconds }),
                    Err(_) => Err(E::invalid_value(de::Unexpected::Signed(seconds), &self)),
                }
            }
        }
        deserializer.deserialize_any(Length)
    }
}

impl PartialSchema for TicketKey {
    fn schema() -> RefOr<Schema> {
        one_of(text(), whole_number())
    }
}

impl ToSchema for TicketKey {}

impl PartialSchema for TextOrList {
    fn schema() -> RefOr<Schema> {
        one_of(text(), ArrayBuilder::new().items(RefOr::T(text())).build().into())
    }
}

impl ToSchema for TextOrList {}

impl PartialSchema for PlanDuration {
    fn schema() -> RefOr<Schema> {
        one_of(text(), whole_number())
    }
}

impl ToSchema for PlanDuration {}

fn one_of(first: Schema, second: Schema) -> RefOr<Schema> {
    RefOr::T(OneOfBuilder::new().item(RefOr::T(first)).item(RefOr::T(second)).build().into())
}

fn text() -> Schema {
    ObjectBuilder::new().schema_type(SchemaType::Type(Type::String)).build().into()
}

fn whole_number() -> Schema {
    ObjectBuilder::new().schema_type(SchemaType::Type(Type::Integer)).minimum(Some(0)).build().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_read() {
        for (text, seconds) in
            [("90", 90), ("90s", 90), ("20m", 1_200), ("1h30m", 5_400), ("1h 30m", 5_400), ("1d", 86_400), ("0s", 0)]
        {
            assert_eq!(PlanDuration::parse(text), Ok(PlanDuration { seconds }), "{text}");
        }
    }

    #[test]
    fn what_is_no_length_of_time_is_refused() {
        for text in
            ["", "m", "20 minutes", "1m1h", "1m1m", "-5m", "1.5h", "99999999999999999999s", "9999999999999999d", "5ü"]
        {
            assert!(PlanDuration::parse(text).is_err(), "{text}");
        }
    }
}
