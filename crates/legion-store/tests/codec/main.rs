//! The record codec against golden files: one for each kind of event, with all fields set.
//!
//! A golden file never changes: it is what logs hold. After a change of an event there is a further one, of the next schema.

mod gateway;
mod ids;
mod landings;
mod organisation;
mod tickets;
mod words;

use std::collections::BTreeSet;
use std::path::PathBuf;

use legion_model::Event;
use legion_store::{CodecError, KINDS, decode, encode};
use serde_json::Value;

fn golden(kind: &str, schema: u32) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{kind}.v{schema}.json"))
}

fn read_golden(kind: &str, schema: u32) -> String {
    let path = golden(kind, schema);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The event of each golden file.
fn examples() -> Vec<Event> {
    [organisation::examples(), tickets::examples(), landings::examples(), gateway::examples()].concat()
}

fn tree(body: &str) -> Value {
    serde_json::from_str(body).expect("JSON")
}

/// The kinds as serde knows them: it lists them when it meets one that it does not know.
fn kinds_of_the_model() -> BTreeSet<String> {
    let error = serde_json::from_str::<Event>("{\"kind\":\"?\"}").expect_err("no event is called `?`").to_string();
    error.split('`').skip(3).step_by(2).map(str::to_owned).collect()
}

#[test]
fn the_table_has_every_kind_once() {
    let table: BTreeSet<String> = KINDS.iter().map(|(kind, _)| (*kind).to_owned()).collect();
    assert_eq!(table, kinds_of_the_model());
    assert_eq!(table.len(), KINDS.len());
}

#[test]
fn every_kind_has_an_example_and_a_golden_file_of_every_schema() {
    let examples: BTreeSet<String> = examples().iter().map(|event| encode(event).0).collect();
    assert_eq!(examples, kinds_of_the_model());
    for (kind, known) in KINDS {
        for schema in 1..=*known {
            assert!(golden(kind, schema).is_file(), "{} is missing", golden(kind, schema).display());
        }
    }
}

#[test]
fn every_golden_file_is_an_event_and_every_event_its_golden_file() {
    for event in examples() {
        let (kind, schema, body) = encode(&event);
        let file = read_golden(&kind, schema);
        assert_eq!(decode(&kind, schema, &file).expect(&kind), event, "reading {kind}");
        assert_eq!(tree(&body), tree(&file), "writing {kind}");
        assert_eq!(decode(&kind, schema, &body).expect(&kind), event, "reading what was written of {kind}");
    }
}

#[test]
fn every_golden_file_of_an_older_schema_can_still_be_read() {
    for (kind, known) in KINDS {
        for schema in 1..*known {
            let event = decode(kind, schema, &read_golden(kind, schema)).expect(kind);
            assert_eq!(encode(&event).0, *kind);
        }
    }
}

/// All fields set: nothing in a golden file is empty, so that no field can go missing unseen.
#[test]
fn golden_files_leave_nothing_out() {
    fn is_full(value: &Value) -> bool {
        match value {
            Value::Null => false,
            Value::Array(items) => !items.is_empty() && items.iter().all(is_full),
            Value::Object(fields) => fields.values().all(is_full),
            _ => true,
        }
    }
    for (kind, schema) in KINDS {
        assert!(is_full(&tree(&read_golden(kind, *schema))), "{kind}");
    }
}

#[test]
fn the_kind_stands_beside_the_body() {
    for event in examples() {
        let (kind, _, body) = encode(&event);
        assert!(tree(&body).get("kind").is_none(), "{kind}");
    }
}

#[test]
fn fields_of_a_newer_version_are_passed_over() {
    for event in examples() {
        let (kind, schema, body) = encode(&event);
        let mut value = tree(&body);
        value["a_field_of_tomorrow"] = serde_json::json!({"deep": [1, null]});
        assert_eq!(decode(&kind, schema, &value.to_string()).expect(&kind), event, "{kind}");
    }
}

#[test]
fn a_newer_schema_is_refused_by_name() {
    let error = decode("agent-fired", 9, "{}").expect_err("there is no schema 9");
    assert!(matches!(&error, CodecError::Newer { kind, schema: 9, known: 1 } if kind == "agent-fired"));
    let text = error.to_string();
    assert!(text.contains("`agent-fired`") && text.contains("schema 9") && text.contains("newer version"), "{text}");
}

#[test]
fn an_unknown_kind_is_refused_by_name() {
    for kind in ["agent-cloned", "", "Agent", "agent-fired\",\"x\":\"", "ä"] {
        let error = decode(kind, 1, "{}").expect_err("no such kind");
        assert!(matches!(&error, CodecError::Unknown { schema: 1, .. }), "{error:?}");
        assert!(error.to_string().contains(&format!("`{kind}`")), "{error}");
    }
}

#[test]
fn a_broken_body_is_refused() {
    let (kind, schema, body) = encode(&examples()[4]);
    for broken in ["", "null", "[]", "\"text\"", "{", "{}", "{\"agent\":1,\"by\":\"root\"}", "nonsense", &body[1..]] {
        let error = decode(&kind, schema, broken).expect_err(broken);
        assert!(matches!(error, CodecError::Body { .. }), "{broken}: {error:?}");
    }
    for end in 0..body.len() {
        decode(&kind, schema, &body[..end]).expect_err("half of a body");
    }
    decode(&kind, schema, &format!("{body} x")).expect_err("something after the body");
    decode(&kind, schema, &format!(" {body}\n")).expect("space around the body is none of it");
    decode("service-started", 1, "{ }").expect("an empty body has no fields");
}
