//! Events as records: kind, schema number, body. Old schemas are brought up to date on reading; newer ones are refused.

use legion_model::Event;
use serde_json::Value;

/// The schema number that events are written with now.
const SCHEMA: u32 = 1;

/// Why a record cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    #[error("an event of the kind `{kind}` has the schema {schema}, and this version knows up to {known}: it was written by a newer version")]
    Newer { kind: String, schema: u32, known: u32 },
    #[error("an event of the kind `{kind}` is not valid or was written by a newer version")]
    Body { kind: String, #[source] source: serde_json::Error },
}

/// An event as it is written: kind, schema, body. The kind stands beside the body, not in it.
pub fn encode(event: &Event) -> (String, u32, String) {
    let mut value = serde_json::to_value(event).expect("an event is plain data");
    let kind = match value.as_object_mut().and_then(|fields| fields.remove("kind")) {
        Some(Value::String(kind)) => kind,
        _ => unreachable!("events are tagged by `kind`"),
    };
    (kind, SCHEMA, value.to_string())
}

/// An event from what was written.
pub fn decode(kind: &str, schema: u32, body: &str) -> Result<Event, CodecError> {
    if schema > SCHEMA {
        return Err(CodecError::Newer { kind: kind.to_owned(), schema, known: SCHEMA });
    }
    let fail = |source| CodecError::Body { kind: kind.to_owned(), source };
    let mut value: Value = serde_json::from_str(body).map_err(fail)?;
    if let Some(fields) = value.as_object_mut() {
        fields.insert("kind".to_owned(), Value::String(kind.to_owned()));
    }
    serde_json::from_value(value).map_err(fail)
}
