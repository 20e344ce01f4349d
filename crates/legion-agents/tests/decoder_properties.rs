//! Whatever a program writes, the decoder says something of bounded size and never panics.

use legion_agents::AgentEvent;
use legion_agents::claude::{Decoder, LINE_BYTES_MAX};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Bytes of what is said about a line that is not understood.
const SAID_BYTES_MAX: usize = 1024;

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-z_]{0,12}".prop_map(Value::from),
        ".{0,80}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 48, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(any_key(), inner, 0..8).prop_map(|fields| json!(fields)),
        ]
    })
}

/// Keys that the decoder looks at, so that random values meet its branches.
fn any_key() -> impl Strategy<Value = String> {
    let known = [
        "type",
        "subtype",
        "message",
        "content",
        "text",
        "uuid",
        "isReplay",
        "request",
        "request_id",
        "response",
        "result",
        "usage",
        "errors",
        "permission_denials",
        "tool_use_id",
        "input",
        "is_error",
        "terminal_reason",
        "parent_tool_use_id",
        "model",
        "task_id",
        "total_cost_usd",
        "num_turns",
        "error_status",
        "attempt",
    ];
    prop_oneof![prop::sample::select(known.to_vec()).prop_map(str::to_owned), "[a-z]{0,6}"]
}

fn any_message() -> impl Strategy<Value = Value> {
    let kinds = [
        "assistant",
        "user",
        "result",
        "system",
        "control_request",
        "control_response",
        "control_cancel_request",
        "other",
    ];
    let subtypes = ["init", "api_retry", "task_started", "task_notification", "success", "can_use_tool", "other"];
    let fields = prop::collection::btree_map(any_key(), any_json(), 0..10);
    (prop::sample::select(kinds.to_vec()), prop::sample::select(subtypes.to_vec()), fields).prop_map(
        |(kind, subtype, fields)| {
            let mut line = json!(fields);
            line["type"] = json!(kind);
            line["subtype"] = json!(subtype);
            line
        },
    )
}

proptest! {
    // The sources of an integration test have no place for the failures of the past; a failure prints its input.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_understood_or_said_to_be_garbage(line in prop::collection::vec(any::<u8>(), 0..2_000)) {
        let events = Decoder::new().stdout_line(&line);
        prop_assert_eq!(events.is_empty(), line.trim_ascii().is_empty());
    }

    #[test]
    fn any_json_is_understood_or_said_to_be_other(line in any_message()) {
        let text = line.to_string();
        let events = Decoder::new().stdout_line(text.as_bytes());
        prop_assert!(!events.is_empty());
        for event in events {
            let said = format!("{event:?}");
            prop_assert!(said.len() <= 8 * text.len() + SAID_BYTES_MAX);
        }
    }

    #[test]
    fn a_cut_line_is_garbage_or_other(line in any_message(), cut in any::<prop::sample::Index>()) {
        let text = line.to_string();
        Decoder::new().stdout_line(&text.as_bytes()[..cut.index(text.len())]);
    }
}

#[test]
fn what_is_said_about_a_line_that_is_not_understood_is_short() {
    let mut long_kind = json!({"type": "x".repeat(1_000_000), "subtype": "y".repeat(1_000_000)});
    let mut lines = vec![long_kind.to_string().into_bytes()];
    long_kind["type"] = json!("system");
    lines.push(long_kind.to_string().into_bytes());
    lines.push(vec![b'x'; LINE_BYTES_MAX + 1]);
    lines.push(vec![0xff; 100_000]);
    lines.push("[".repeat(1_000_000).into_bytes());
    lines.push(format!("{}{}", r#"{"type":"#, "[".repeat(1_000_000)).into_bytes());
    for line in lines {
        for event in Decoder::new().stdout_line(&line) {
            assert!(matches!(event, AgentEvent::Garbage { .. } | AgentEvent::Other { .. }), "{event:?}");
            assert!(format!("{event:?}").len() <= SAID_BYTES_MAX);
        }
    }
}
