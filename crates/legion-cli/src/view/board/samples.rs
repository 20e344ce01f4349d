//! A session under a fixed clock, for the tests of the board: the events of a small plan, one after the other.

use jiff::{SignedDuration, Timestamp};
use legion_api::Event;
use serde_json::{Value, json};

use super::state::Board;
use crate::view::{Look, Palette, samples};

/// So many seconds after the sample's beginning.
pub(crate) fn at(seconds: i64) -> Timestamp {
    samples::moment("12:00:00").saturating_add(SignedDuration::from_secs(seconds)).expect("a sample time")
}

/// Without colour, so many seconds after the beginning.
pub(crate) fn look(seconds: i64, columns: usize) -> Look {
    Look { now: at(seconds), palette: Palette::new(false), columns: Some(columns) }
}

pub(crate) fn event(seconds: i64, kind: &str, body: Value) -> Event {
    let agent = body.get("agent").and_then(Value::as_str).map(str::to_owned);
    let ticket = body.get("ticket").and_then(Value::as_u64).and_then(|ticket| ticket.try_into().ok());
    Event { number: 1, at: at(seconds), kind: kind.to_owned(), stream: "project".to_owned(), agent, ticket, body }
}

fn added(number: u32, title: &str, after: &[u32], checkpoint: bool) -> Event {
    let spec = json!({"title": title, "checkpoint": checkpoint, "max_attempts": 3});
    event(0, "ticket-added", json!({"ticket": number, "session": "demo", "spec": spec, "after": after}))
}

fn began(seconds: i64, ticket: u32, number: u32, worker: u32) -> [Event; 2] {
    let agent = (worker > 0).then(|| format!("agent-{ticket}"));
    let body = json!({"ticket": ticket, "number": number, "worker": worker, "agent": agent, "resolver": false});
    [event(seconds, "attempt-began", body), event(seconds, "attempt-prepared", json!({"ticket": ticket}))]
}

fn ran(seconds: i64, ticket: u32) -> [Event; 3] {
    let evidence = json!({"files": 1, "insertions": 12, "deletions": 0});
    [
        event(seconds, "attempt-ran", json!({"ticket": ticket})),
        event(seconds, "attempt-collected", json!({"ticket": ticket, "evidence": evidence})),
        event(seconds, "attempt-queued", json!({"ticket": ticket})),
    ]
}

fn gate(name: &str) -> Value {
    json!({"name": name, "command": name, "timeout_s": 60})
}

/// A landing up to its first gate.
fn landing(seconds: i64, ticket: u32, gates: &[&str]) -> Vec<Event> {
    let landing = format!("landing-{ticket}");
    let item = json!({"attempt": {"ticket": ticket, "attempt": "a"}});
    let gates: Vec<Value> = gates.iter().map(|name| gate(name)).collect();
    let began = json!({"session": "demo", "landing": landing, "gate": gates[0]});
    vec![
        event(seconds, "landing-began", json!({"session": "demo", "landing": landing, "item": item})),
        event(seconds, "landing-built", json!({"session": "demo", "landing": landing, "gates": gates})),
        event(seconds, "gate-began", began),
    ]
}

fn judged(seconds: i64, ticket: u32, name: &str, verdict: &str, log: &str) -> Event {
    let code = i32::from(verdict != "passed");
    let verdict =
        json!({"gate": name, "name": name, "verdict": verdict, "exit_code": code, "ms": 1000, "log": {"text": log}});
    let body = json!({"session": "demo", "landing": format!("landing-{ticket}"), "verdict": verdict});
    event(seconds, "gate-judged", body)
}

fn merged(seconds: i64, ticket: u32) -> [Event; 3] {
    let commit = format!("{ticket}f00d{}", "0".repeat(35));
    let ended = json!({"session": "demo", "landing": format!("landing-{ticket}"), "moved": true, "commit": commit});
    let outcome = json!({"done": {"commit": commit, "tree": "t"}});
    [
        event(seconds, "landing-ended", ended),
        event(seconds, "attempt-ended", json!({"ticket": ticket, "end": "merged", "why": "merged"})),
        event(seconds, "ticket-closed", json!({"ticket": ticket, "outcome": outcome, "why": "every gate passed"})),
    ]
}

fn failed(seconds: i64, ticket: u32, class: &str, why: &str, detail: &str, again: bool) -> [Event; 2] {
    let retry_at = again.then(|| at(seconds + 1).to_string());
    let body = json!({"ticket": ticket, "end": {"failed": class}, "why": why, "detail": {"text": detail},
        "retry_at": retry_at});
    let landing = json!({"session": "demo", "landing": format!("landing-{ticket}"), "moved": false});
    [event(seconds, "landing-ended", landing), event(seconds, "attempt-ended", body)]
}

/// What happened up to that second: seven tickets, three workers, a gate that fails, a conflict, all merged in the end.
pub(crate) fn story(until: i64) -> Board {
    let mut board = Board::new("demo", "legion/demo/leader", 3);
    events(until).iter().for_each(|event| drop(board.take(event)));
    board
}

/// The events of that story.
pub(crate) fn events(until: i64) -> Vec<Event> {
    let mut events = vec![
        added(1, "One command for all filters", &[], false),
        added(2, "The filter wrap", &[], false),
        added(3, "The filter frequency", &[], false),
        added(4, "The filters hold together", &[1, 2, 3], true),
        added(5, "text help", &[4], false),
        added(6, "text chain", &[4], false),
        added(7, "The program is whole", &[5, 6], true),
    ];
    events.extend([began(0, 1, 1, 1), began(0, 2, 1, 2), began(0, 3, 1, 3)].into_iter().flatten());
    events.extend(ran(4, 1));
    events.extend(landing(4, 1, &["sh tests/text.sh"]));
    events.extend(ran(5, 2));
    events.push(judged(6, 1, "sh tests/text.sh", "passed", "text: 5 checks passed\n"));
    events.extend(merged(6, 1));
    events.extend(landing(6, 2, &["sh tests/wrap.sh", "sh tests/written.sh"]));
    events.push(judged(7, 2, "sh tests/wrap.sh", "failed", "not ok\nwrap: 2 of 4 checks failed\n"));
    events.push(judged(8, 2, "sh tests/wrap.sh", "failed", "not ok\nwrap: 2 of 4 checks failed\n"));
    let why = "the gate `sh tests/wrap.sh` failed with exit code 1";
    events.extend(failed(8, 2, "task", why, "not ok\nwrap: 2 of 4 checks failed\n", true));
    events.extend(ran(8, 3));
    events.extend(landing(8, 3, &["sh tests/frequency.sh"]));
    events.extend(began(9, 2, 2, 2));
    events.push(judged(9, 3, "sh tests/frequency.sh", "passed", ""));
    events.extend(merged(9, 3));
    events.extend(ran(12, 2));
    events.extend(landing(12, 2, &["sh tests/wrap.sh", "sh tests/written.sh"]));
    events.push(judged(13, 2, "sh tests/wrap.sh", "passed", ""));
    events.extend(merged(13, 2));
    events.extend(began(13, 4, 1, 0));
    events.extend(landing(13, 4, &["sh tests/written.sh"]));
    events.push(judged(14, 4, "sh tests/written.sh", "passed", ""));
    events.extend(merged(14, 4));
    events.extend([began(14, 5, 1, 1), began(14, 6, 1, 2)].into_iter().flatten());
    events.extend(ran(17, 5));
    events.extend(landing(17, 5, &["sh tests/help.sh"]));
    events.push(judged(18, 5, "sh tests/help.sh", "passed", ""));
    events.extend(merged(18, 5));
    events.extend(ran(18, 6));
    let item = json!({"attempt": {"ticket": 6, "attempt": "a"}});
    events.push(event(18, "landing-began", json!({"session": "demo", "landing": "landing-6", "item": item})));
    events.extend(failed(18, 6, "conflict", "conflict in bin/text", "<<<<<<< ours\n>>>>>>> theirs\n", true));
    events.extend(began(18, 6, 2, 2));
    events.extend(ran(20, 6));
    events.extend(landing(20, 6, &["sh tests/chain.sh"]));
    events.push(judged(21, 6, "sh tests/chain.sh", "passed", ""));
    events.extend(merged(21, 6));
    events.extend(began(21, 7, 1, 0));
    events.extend(landing(21, 7, &["sh tests/whole.sh"]));
    events.push(judged(22, 7, "sh tests/whole.sh", "passed", ""));
    events.push(event(22, "run-ended", json!({"agent": "agent-2", "outcome": "completed", "cost": 12_300})));
    events.extend(merged(22, 7));
    events.retain(|event| event.at <= at(until));
    events
}

/// The same session, in which the second ticket fails for good after its first try.
pub(crate) fn failure() -> Board {
    let mut board = story(7);
    let why = "the gate `sh tests/wrap.sh` failed with exit code 1";
    let outcome = json!({"error": {"class": "task"}});
    let mut events = vec![judged(8, 2, "sh tests/wrap.sh", "failed", "wrap: 2 of 4 checks failed\n")];
    events.extend(failed(8, 2, "task", why, "wrap: 2 of 4 checks failed\n", false));
    events.push(event(8, "ticket-closed", json!({"ticket": 2, "outcome": outcome, "why": why})));
    events.extend(ran(8, 3));
    events.extend(landing(8, 3, &["sh tests/frequency.sh"]));
    events.push(judged(9, 3, "sh tests/frequency.sh", "passed", ""));
    events.extend(merged(9, 3));
    events.iter().for_each(|event| drop(board.take(event)));
    board
}
