use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeStruct, Serializer};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, OneOfBuilder, Schema, SchemaType, Type};
use utoipa::{PartialSchema, ToSchema};

use super::values::TicketKey;

/// A ticket that another one waits for: its id alone, or `{ id = "b", on_upstream = "skip" }`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlanUpstream {
    pub id: TicketKey,
    /// What becomes of the one that waits when this ends without being done: `skip`, `fail` or `wait`. As that one says itself
    /// when absent.
    pub on_upstream: Option<String>,
}

impl From<&str> for PlanUpstream {
    fn from(id: &str) -> Self {
        Self { id: id.into(), on_upstream: None }
    }
}

impl Serialize for PlanUpstream {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Some(on_upstream) = &self.on_upstream else { return self.id.serialize(serializer) };
        let mut fields = serializer.serialize_struct("PlanUpstream", 2)?;
        fields.serialize_field("id", &self.id)?;
        fields.serialize_field("on_upstream", on_upstream)?;
        fields.end()
    }
}

impl<'de> Deserialize<'de> for PlanUpstream {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = PlanUpstream;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a ticket's id (text or a whole number), or a table with `id` and `on_upstream`")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<PlanUpstream, E> {
                Ok(text.into())
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<PlanUpstream, E> {
                Ok(number.to_string().as_str().into())
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<PlanUpstream, E> {
                match u64::try_from(number) {
                    Ok(number) => self.visit_u64(number),
                    Err(_) => Err(E::invalid_value(de::Unexpected::Signed(number), &self)),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<PlanUpstream, A::Error> {
                const FIELDS: &[&str] = &["id", "on_upstream"];
                let (mut id, mut on_upstream) = (None, None);
                while let Some(field) = map.next_key::<String>()? {
                    match field.as_str() {
                        "id" if id.is_none() => id = Some(map.next_value::<TicketKey>()?),
                        "on_upstream" if on_upstream.is_none() => {
                            on_upstream = Some(map.next_value::<Option<String>>()?)
                        }
                        "id" => return Err(de::Error::duplicate_field("id")),
                        "on_upstream" => return Err(de::Error::duplicate_field("on_upstream")),
                        other => return Err(de::Error::unknown_field(other, FIELDS)),
                    }
                }
                let id = id.ok_or_else(|| de::Error::missing_field("id"))?;
                Ok(PlanUpstream { id, on_upstream: on_upstream.flatten() })
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl PartialSchema for PlanUpstream {
    fn schema() -> RefOr<Schema> {
        let word = ObjectBuilder::new()
            .schema_type(SchemaType::Type(Type::String))
            .pattern(Some("^(skip|fail|wait)$"))
            .description(Some("What becomes of the ticket when this one ends without being done."));
        let table = ObjectBuilder::new()
            .property("id", TicketKey::schema())
            .required("id")
            .property("on_upstream", word)
            .additional_properties(Some(AdditionalProperties::FreeForm(false)));
        RefOr::T(OneOfBuilder::new().item(TicketKey::schema()).item(Schema::from(table)).build().into())
    }
}

impl ToSchema for PlanUpstream {}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_policy_may_stand_beside_the_id() {
        let read = |value: serde_json::Value| serde_json::from_value::<PlanUpstream>(value);
        for (value, id, on_upstream) in [
            (json!("b"), "b", None),
            (json!(2), "2", None),
            (json!({"id": 2}), "2", None),
            (json!({"id": "b", "on_upstream": null}), "b", None),
            (json!({"on_upstream": "skip", "id": "b"}), "b", Some("skip")),
        ] {
            let upstream = read(value).expect("it is read");
            assert_eq!((upstream.id.as_str(), upstream.on_upstream.as_deref()), (id, on_upstream));
            assert_eq!(read(serde_json::to_value(&upstream).expect("plain data")).expect("it is read"), upstream);
        }
        for (value, said) in [
            (json!({}), "missing field `id`"),
            (json!({"id": "b", "then": "skip"}), "unknown field `then`"),
            (json!({"id": "b", "on_upstream": 1}), "invalid type: integer `1`"),
            (json!({"id": -1}), "expected a ticket's id"),
            (json!(true), "or a table with `id` and `on_upstream`"),
        ] {
            let refused = read(value.clone()).expect_err("it is refused").to_string();
            assert!(refused.contains(said), "{value}: {refused}");
        }
    }
}
