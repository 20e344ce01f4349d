//! The record codec against golden files: one for each kind of event, with all fields set.
//!
//! A golden file never changes: it is what logs hold. After a change of an event there is a further one, of the next schema.

use std::collections::BTreeSet;
use std::path::PathBuf;

use jiff::Timestamp;
use legion_model::{
    AgentId, Answer, ApprovalId, Body, DriverKind, Event, Exit, InjectionId, Key, Limits, MessageId, MessageKind,
    MicroUsd, OnRestart, Outcome, Party, PermissionMode, ProcessId, ProjectId, RunId, Spec, StopReason, Urgency, Usage,
    Verdict,
};
use legion_store::{CodecError, KINDS, decode, encode};
use serde_json::Value;
use uuid::Uuid;

fn golden(kind: &str, schema: u32) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{kind}.v{schema}.json"))
}

fn read_golden(kind: &str, schema: u32) -> String {
    let path = golden(kind, schema);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn uuid(number: u128) -> Uuid {
    Uuid::from_u128(0x0123_4567_89ab_4def_8000_0000_0000_0000 + number)
}

fn agent(number: u128) -> AgentId {
    AgentId(uuid(number))
}

fn time(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

/// The event of each golden file.
fn examples() -> Vec<Event> {
    let (ann, bob) = (agent(1), agent(2));
    let (run, process, message) = (RunId(uuid(3)), ProcessId(uuid(4)), MessageId(uuid(5)));
    let (injection, approval) = (InjectionId(uuid(6)), ApprovalId(uuid(7)));
    let usage = Usage { input_tokens: 1, output_tokens: 2, cache_read_tokens: 3, cache_write_tokens: 4 };
    let blob = Body::Blob { sha256: "ab".repeat(32), bytes: 70_000, head: "the first words".to_owned() };
    let spec = Spec {
        driver: DriverKind::Command,
        command: Some(vec!["sh".to_owned(), "-c".to_owned(), "make \"it\"".to_owned()]),
        model: Some("claude-sonnet-4-5".to_owned()),
        cwd: "/work/ünï".to_owned(),
        tools: Some(BTreeSet::from(["Bash(git *)".to_owned(), "mcp__files".to_owned()])),
        permission_mode: PermissionMode::AcceptEdits,
        limits: Limits {
            turns: Some(10),
            seconds: Some(600),
            budget: Some(MicroUsd(1_500_000)),
            headcount: Some(4),
            depth: Some(2),
            models: Some(BTreeSet::from(["claude-sonnet-4-5".to_owned()])),
        },
        on_restart: OnRestart::Resume,
        files: vec!["src/lib.rs".to_owned()],
    };
    vec![
        Event::ProjectOpened { project: ProjectId(uuid(8)), path: "/work".to_owned() },
        Event::ServiceStarted,
        Event::ServiceStopping,
        Event::AgentHired {
            agent: bob,
            name: "bob".to_owned(),
            role: Some("tester".to_owned()),
            parent: ann.into(),
            by: Party::Root,
            spec,
        },
        Event::AgentReparented { agent: bob, parent: Party::Root, name: "bob-2".to_owned() },
        Event::AgentFired { agent: bob, by: ann.into() },
        Event::AgentHeld { agent: bob },
        Event::MessageAccepted {
            message,
            from: ann.into(),
            from_name: "ann".to_owned(),
            to: Party::Root,
            message_kind: MessageKind::Approval,
            body: blob.clone(),
            urgency: Urgency::WithNext,
            by: Some(time("2026-03-04T05:06:07.123456789Z")),
            approval: Some(approval),
        },
        Event::MessageSteered { agent: bob, run, injection, message },
        Event::InjectionSeen { agent: bob, run, injection },
        Event::MessageReturned { message },
        Event::MessageExpired { message, reason: "not seen by its deadline".to_owned() },
        Event::MessageAcked { message },
        Event::RunOpened {
            agent: bob,
            run,
            number: 3,
            process,
            fresh: true,
            injection: Some(injection),
            messages: vec![message, MessageId(uuid(9))],
            deadline: Some(time("2026-03-04T05:06:07Z")),
        },
        Event::RunResumed { agent: bob, run, process, injection },
        Event::TurnNoted {
            agent: bob,
            run,
            usage,
            cost: Some(MicroUsd(5)),
            cost_total: Some(MicroUsd(6)),
            turns: Some(7),
        },
        Event::RunEnding {
            agent: bob,
            run,
            outcome: Outcome::Interrupted,
            why: "interrupted by ann".to_owned(),
            by: Some(ann.into()),
            stop: true,
        },
        Event::RunSuspected { agent: bob, run, why: "it has been silent for 300 s".to_owned() },
        Event::RunCleared { agent: bob, run },
        Event::RunEnded {
            agent: bob,
            run,
            outcome: Outcome::Failed,
            result: Body::from("a \"result\"\nof two lines, \u{1f980}"),
            error: Some("its program ended with exit code 3".to_owned()),
            exit_code: Some(3),
            usage,
            cost: Some(MicroUsd(5)),
            cost_total: Some(MicroUsd(u64::MAX)),
            turns: Some(7),
        },
        Event::ProcessStarted { process, pid: 4_711 },
        Event::ProcessRead { process, offset: u64::MAX },
        Event::ProcessStopping { process, reason: StopReason::Fired },
        Event::ProcessEnded { process, agent: bob, exit: Exit::NotStarted("no such file".to_owned()) },
        Event::ApprovalAsked {
            approval,
            agent: bob,
            process,
            request: "request-1".to_owned(),
            tool: "Bash".to_owned(),
            input: Body::from("{\"command\":\"ls\"}"),
            deadline: time("2026-03-04T05:16:07Z"),
            message,
        },
        Event::ApprovalDecided {
            approval,
            verdict: Verdict::Denied,
            by: Some(Party::Root),
            reason: Some("not here".to_owned()),
        },
        Event::ApprovalAnswered { approval },
        Event::WaitBegan { waiter: bob, target: ann },
        Event::WaitEnded { waiter: bob, target: ann },
        Event::KeyUsed {
            caller: bob.into(),
            key: Key { key: "run-1/tool-2".to_owned(), fingerprint: "abcdef".to_owned() },
            answer: Answer::Hired { agent: agent(10), warnings: vec!["it cannot be held".to_owned()] },
        },
    ]
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

/// The words inside of events are as binding as their fields.
#[test]
fn the_words_of_the_log_stay() {
    fn words<T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug>(
        values: Vec<T>,
        expected: Value,
    ) {
        assert_eq!(serde_json::to_value(&values).expect("plain data"), expected);
        assert_eq!(serde_json::from_value::<Vec<T>>(expected).expect("it was written so"), values);
    }
    use serde_json::json;
    words(vec![Party::Root, Party::Agent(agent(1))], json!(["root", "01234567-89ab-4def-8000-000000000001"]));
    words(vec![DriverKind::Claude, DriverKind::Command], json!(["claude", "command"]));
    words(vec![OnRestart::Idle, OnRestart::Resume], json!(["idle", "resume"]));
    words(
        vec![PermissionMode::Plan, PermissionMode::DontAsk, PermissionMode::Default, PermissionMode::AcceptEdits],
        json!(["plan", "dontAsk", "default", "acceptEdits"]),
    );
    words(
        vec![
            MessageKind::Task,
            MessageKind::Tell,
            MessageKind::Redirect,
            MessageKind::Report,
            MessageKind::Notice,
            MessageKind::Approval,
        ],
        json!(["task", "tell", "redirect", "report", "notice", "approval"]),
    );
    words(
        vec![Urgency::Queue, Urgency::Now, Urgency::First, Urgency::WithNext],
        json!(["queue", "now", "first", "with-next"]),
    );
    words(
        vec![Outcome::Completed, Outcome::Failed, Outcome::Interrupted, Outcome::Limit, Outcome::Killed],
        json!(["completed", "failed", "interrupted", "limit", "killed"]),
    );
    words(
        vec![StopReason::Fired, StopReason::Run, StopReason::Warm, StopReason::Down],
        json!(["fired", "run", "warm", "down"]),
    );
    words(
        vec![
            Exit::Code(1),
            Exit::Signal(9),
            Exit::OutputLimit,
            Exit::Orphaned,
            Exit::NotStarted("why".to_owned()),
            Exit::Lost,
        ],
        json!([{"code": 1}, {"signal": 9}, "output-limit", "orphaned", {"not-started": "why"}, "lost"]),
    );
    words(
        vec![Verdict::Approved, Verdict::Denied, Verdict::Expired, Verdict::Withdrawn],
        json!(["approved", "denied", "expired", "withdrawn"]),
    );
    words(
        vec![Body::from("text"), Body::Blob { sha256: "ab".to_owned(), bytes: 1, head: "h".to_owned() }],
        json!([{"text": "text"}, {"blob": {"sha256": "ab", "bytes": 1, "head": "h"}}]),
    );
    let (run, message) = (RunId(uuid(3)), MessageId(uuid(5)));
    words(
        vec![
            Answer::Done,
            Answer::Told { message },
            Answer::Interrupted { run: Some(run), message: None },
            Answer::InterruptedAll { agents: vec![agent(1)] },
            Answer::Fired { agents: vec![agent(1)], kept: vec![] },
            Answer::Acked { messages: 2 },
        ],
        json!([
            {"answer": "done"},
            {"answer": "told", "message": "01234567-89ab-4def-8000-000000000005"},
            {"answer": "interrupted", "run": "01234567-89ab-4def-8000-000000000003", "message": null},
            {"answer": "interrupted-all", "agents": ["01234567-89ab-4def-8000-000000000001"]},
            {"answer": "fired", "agents": ["01234567-89ab-4def-8000-000000000001"], "kept": []},
            {"answer": "acked", "messages": 2},
        ]),
    );
}
