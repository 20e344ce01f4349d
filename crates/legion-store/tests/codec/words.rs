//! The words inside of events are as binding as their fields.

use legion_model::tickets::{
    AttemptEnd, Duty, ErrorClass, GateVerdict, Item, OnUpstream, Overlap, TicketId, TicketOutcome,
};
use legion_model::{
    Answer, AttemptId, Body, DriverKind, Exit, MessageId, MessageKind, OnRestart, Outcome, Party, PermissionMode,
    RunId, StopReason, Urgency, Verdict,
};
use serde_json::Value;

use crate::ids::{agent, uuid};

fn words<T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug>(
    values: Vec<T>,
    expected: Value,
) {
    assert_eq!(serde_json::to_value(&values).expect("plain data"), expected);
    assert_eq!(serde_json::from_value::<Vec<T>>(expected).expect("it was written so"), values);
}

/// Of agents, messages, runs and processes.
#[test]
fn the_words_of_the_log_stay() {
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
            Exit::ResourceLimit("took too much".to_owned()),
            Exit::Orphaned,
            Exit::NotStarted("why".to_owned()),
            Exit::Lost,
        ],
        json!([{"code": 1}, {"signal": 9}, "output-limit", {"resource-limit": "took too much"}, "orphaned", {"not-started": "why"}, "lost"]),
    );
    words(
        vec![Verdict::Approved, Verdict::Denied, Verdict::Expired, Verdict::Withdrawn],
        json!(["approved", "denied", "expired", "withdrawn"]),
    );
    words(
        vec![Body::from("text"), Body::Blob { sha256: "ab".to_owned(), bytes: 1, head: "h".to_owned() }],
        json!([{"text": "text"}, {"blob": {"sha256": "ab", "bytes": 1, "head": "h"}}]),
    );
    the_words_of_answers_stay();
}

/// The words inside of events about tickets.
#[test]
fn the_words_of_tickets_stay() {
    use serde_json::json;
    words(vec![OnUpstream::Skip, OnUpstream::Fail, OnUpstream::Wait], json!(["skip", "fail", "wait"]));
    words(vec![Overlap::Warn, Overlap::Hold], json!(["warn", "hold"]));
    words(vec![Duty::Write, Duty::Review, Duty::Verify], json!(["write", "review", "verify"]));
    words(
        vec![
            ErrorClass::Transient,
            ErrorClass::Quota,
            ErrorClass::Auth,
            ErrorClass::Task,
            ErrorClass::Conflict,
            ErrorClass::Fatal,
        ],
        json!(["transient", "quota", "auth", "task", "conflict", "fatal"]),
    );
    words(
        vec![AttemptEnd::Merged, AttemptEnd::Failed(ErrorClass::Auth), AttemptEnd::Stopped],
        json!(["merged", {"failed": "auth"}, "stopped"]),
    );
    words(
        vec![
            TicketOutcome::Done { commit: "a".to_owned(), tree: "b".to_owned() },
            TicketOutcome::Error { class: ErrorClass::Fatal },
            TicketOutcome::Stopped,
            TicketOutcome::Skipped { because: TicketId(4) },
        ],
        json!([{"done": {"commit": "a", "tree": "b"}}, {"error": {"class": "fatal"}}, "stopped", {"skipped": {"because": 4}}]),
    );
    words(
        vec![GateVerdict::Passed, GateVerdict::Failed, GateVerdict::TimedOut, GateVerdict::NotFound, GateVerdict::Lost],
        json!(["passed", "failed", "timed-out", "not-found", "lost"]),
    );
    words(
        vec![
            Item::Attempt { ticket: TicketId(4), attempt: AttemptId(uuid(3)) },
            Item::Import { number: 1, commit: "a".to_owned(), branch: None, by: Party::Root },
        ],
        json!([
            {"attempt": {"ticket": 4, "attempt": "01234567-89ab-4def-8000-000000000003"}},
            {"import": {"number": 1, "commit": "a", "branch": null, "by": "root"}},
        ]),
    );
    words(
        vec![
            Answer::Added { tickets: vec![TicketId(1)], warnings: vec!["it has no gate".to_owned()] },
            Answer::Tickets { tickets: vec![TicketId(1), TicketId(2)] },
            Answer::Imported { number: 2 },
        ],
        json!([
            {"answer": "added", "tickets": [1], "warnings": ["it has no gate"]},
            {"answer": "tickets", "tickets": [1, 2]},
            {"answer": "imported", "number": 2},
        ]),
    );
}

fn the_words_of_answers_stay() {
    use serde_json::json;
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
