//! Events as records: kind, schema number, body. Old schemas are brought up to date on reading; newer ones are refused.
//!
//! A new shape of an event is a new number in [`KINDS`] and a [`Lift`] from the number before; what is written never changes.

use legion_model::Event;
use serde_json::{Map, Value};

/// Every kind of event with the schema that it is written with now.
pub const KINDS: &[(&str, u32)] = &[
    ("project-opened", 1),
    ("service-started", 1),
    ("service-stopping", 1),
    ("agent-hired", 1),
    ("agent-reparented", 1),
    ("agent-fired", 1),
    ("agent-held", 1),
    ("message-accepted", 1),
    ("message-steered", 1),
    ("injection-seen", 1),
    ("message-returned", 1),
    ("message-expired", 1),
    ("message-acked", 1),
    ("run-opened", 1),
    ("run-resumed", 1),
    ("turn-noted", 1),
    ("run-ending", 1),
    ("run-suspected", 1),
    ("run-cleared", 1),
    ("run-ended", 1),
    ("process-started", 1),
    ("process-read", 1),
    ("process-stopping", 1),
    ("process-ended", 1),
    ("approval-asked", 1),
    ("approval-decided", 1),
    ("approval-answered", 1),
    ("wait-began", 1),
    ("wait-ended", 1),
    ("access-refused", 1),
    ("refusals-omitted", 1),
    ("secrets-handed", 1),
    ("provider-key-used", 1),
    ("trust-set", 1),
    ("key-used", 1),
    ("session-opened", 1),
    ("session-set", 1),
    ("session-used", 1),
    ("session-completed", 1),
    ("session-reopened", 1),
    ("session-deleted", 1),
    ("ticket-added", 2),
    ("ticket-reopened", 1),
    ("ticket-closed", 1),
    ("ticket-deleted", 1),
    ("attempt-began", 1),
    ("attempt-prepared", 1),
    ("attempt-reported", 1),
    ("attempt-continued", 1),
    ("attempt-ran", 1),
    ("attempt-collected", 1),
    ("review-began", 1),
    ("review-prepared", 1),
    ("review-reminded", 1),
    ("review-given", 1),
    ("attempt-held", 1),
    ("attempt-approved", 1),
    ("attempt-queued", 1),
    ("attempt-ended", 1),
    ("attempt-delayed", 1),
    ("import-queued", 1),
    ("landing-began", 1),
    ("landing-built", 1),
    ("gate-began", 1),
    ("gate-judged", 1),
    ("landing-delayed", 1),
    ("landing-ended", 1),
    ("place-released", 1),
    ("place-rescued", 1),
    ("place-removed", 1),
    ("place-delayed", 1),
    ("role-set", 1),
    ("role-deleted", 1),
    ("team-set", 1),
    ("team-deleted", 1),
    ("process-metered", 1),
    ("agent-metered", 1),
    ("provider-set", 1),
    ("provider-removed", 1),
    ("route-set", 1),
    ("route-removed", 1),
    ("budget-set", 1),
    ("budget-removed", 1),
    ("allowance-opened", 1),
    ("allowance-closed", 1),
    ("allowance-reconciled", 1),
    ("calls-settled", 1),
    ("lane-closed", 2),
    ("lane-opened", 1),
    ("cassette-set", 1),
];

/// Brings the body of one kind from one schema to the next.
struct Lift {
    kind: &'static str,
    from: u32,
    lift: fn(&mut Map<String, Value>),
}

/// All lifts.
const LIFTS: &[Lift] = &[
    // 2 has `policies`: before, each ticket had one policy for all that it waits for.
    Lift { kind: "ticket-added", from: 1, lift: |_| {} },
    // 2 has `class`: before, callers met every closed lane as a rate limit after a restart.
    Lift { kind: "lane-closed", from: 1, lift: |fields| _ = fields.insert("class".to_owned(), "rate-limited".into()) },
];

/// Why a record cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    #[error("this version knows no event of the kind `{kind}` (schema {schema}): it was written by a newer version")]
    Unknown { kind: String, schema: u32 },
    #[error(
        "an event of the kind `{kind}` has the schema {schema}, and this version knows up to {known}: it was written by a \
         newer version"
    )]
    Newer { kind: String, schema: u32, known: u32 },
    #[error("an event of the kind `{kind}` has the schema {schema}, which no version wrote")]
    NeverWritten { kind: String, schema: u32 },
    #[error("the body of an event of the kind `{kind}` (schema {schema}) is not valid")]
    Body { kind: String, schema: u32, source: serde_json::Error },
}

/// Returns an event as it is written: kind, schema, body. The kind stands beside the body, not in it.
pub fn encode(event: &Event) -> (String, u32, String) {
    const TAG: &str = "{\"kind\":\"";
    let text = serde_json::to_string(event).expect("an event is plain data");
    let (kind, rest) = text
        .strip_prefix(TAG)
        .and_then(|text| text.split_once('"'))
        .expect("serde writes the tag of an event before its fields");
    let (_, schema) = KINDS.iter().find(|(known, _)| *known == kind).expect("every kind is in the table");
    let body = format!("{{{}", rest.strip_prefix(',').unwrap_or(rest));
    (kind.to_owned(), *schema, body)
}

/// Returns the event that was written. Fields that this version does not know are passed over.
pub fn decode(kind: &str, schema: u32, body: &str) -> Result<Event, CodecError> {
    let known = known_schema(kind, schema)?;
    let fail = |source| CodecError::Body { kind: kind.to_owned(), schema, source };
    if schema < known {
        let value = serde_json::from_str(body).map_err(fail)?;
        let mut fields = upcast(LIFTS, kind, schema, known, value)?;
        fields.insert("kind".to_owned(), Value::String(kind.to_owned()));
        return serde_json::from_value(Value::Object(fields)).map_err(fail);
    }
    // The tag goes in front as text: a detour over a tree of values costs as much again.
    let Some(fields) = body.trim().strip_prefix('{') else {
        let not_an_object = serde_json::from_str::<Map<String, Value>>(body).err();
        return Err(fail(not_an_object.unwrap_or_else(|| serde::de::Error::custom("not an object"))));
    };
    let comma = if fields.trim_start().starts_with('}') { "" } else { "," };
    serde_json::from_str(&format!("{{\"kind\":\"{kind}\"{comma}{fields}")).map_err(fail)
}

/// The schema that a kind is written with now, when a record of this schema can be read.
fn known_schema(kind: &str, schema: u32) -> Result<u32, CodecError> {
    let Some((_, known)) = KINDS.iter().find(|(known, _)| *known == kind) else {
        return Err(CodecError::Unknown { kind: kind.to_owned(), schema });
    };
    if schema > *known {
        return Err(CodecError::Newer { kind: kind.to_owned(), schema, known: *known });
    }
    Ok(*known)
}

/// Lifts the fields of a body, step by step, to the schema of today.
fn upcast(
    lifts: &[Lift],
    kind: &str,
    schema: u32,
    known: u32,
    mut fields: Map<String, Value>,
) -> Result<Map<String, Value>, CodecError> {
    for from in schema..known {
        let lift = lifts.iter().find(|lift| lift.kind == kind && lift.from == from);
        let lift = lift.ok_or_else(|| CodecError::NeverWritten { kind: kind.to_owned(), schema })?;
        (lift.lift)(&mut fields);
    }
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const PROBE: &[Lift] = &[
        Lift { kind: "agent-fired", from: 1, lift: |fields| _ = fields.insert("by".to_owned(), json!("root")) },
        Lift { kind: "agent-fired", from: 2, lift: |fields| _ = fields.remove("old") },
        Lift { kind: "agent-hired", from: 1, lift: |fields| fields.clear() },
    ];

    fn fields(value: Value) -> Map<String, Value> {
        value.as_object().expect("an object").clone()
    }

    #[test]
    fn a_body_is_lifted_step_by_step() {
        let old = fields(json!({"agent": "a", "old": 1}));
        let lifted = upcast(PROBE, "agent-fired", 1, 3, old).expect("every step is there");
        assert_eq!(lifted, fields(json!({"agent": "a", "by": "root"})));
    }

    #[test]
    fn a_body_of_today_is_left_alone() {
        let body = fields(json!({"agent": "a", "old": 1}));
        assert_eq!(upcast(PROBE, "agent-fired", 3, 3, body.clone()).expect("nothing to do"), body);
    }

    #[test]
    fn a_schema_that_nobody_wrote_is_refused() {
        let refused = upcast(PROBE, "agent-fired", 0, 3, Map::new()).expect_err("there is no schema 0");
        assert!(matches!(refused, CodecError::NeverWritten { ref kind, schema: 0 } if kind == "agent-fired"));
    }

    #[test]
    fn every_kind_can_be_lifted_from_its_first_schema() {
        for (kind, known) in KINDS {
            for from in 1..*known {
                assert!(LIFTS.iter().any(|lift| lift.kind == *kind && lift.from == from), "{kind} from {from}");
            }
        }
    }
}
