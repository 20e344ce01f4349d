//! The stream of events: resumed without gap or duplicate, seen only by those it concerns.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use futures_util::StreamExt;
use http::Method;
use legion_api::{Event, paths};
use serde_json::json;

use crate::support::{Ask, Bench, PATIENCE, SLEEPER, bench};

/// What a stream of events brought.
#[derive(Debug, PartialEq)]
enum Frame {
    /// An id alone: where the reader stands.
    At(u64),
    Event(Event),
}

struct Reader {
    body: BodyDataStream,
    text: String,
}

impl Reader {
    async fn open(ask: Ask) -> Self {
        let response = ask.open().await;
        assert_eq!(response.status().as_u16(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { body: Body::into_data_stream(response.into_body()), text: String::new() }
    }

    /// The next frame; `None` at the end.
    async fn next(&mut self) -> Option<Frame> {
        loop {
            if let Some((frame, rest)) = self.text.split_once("\n\n") {
                let (frame, rest) = (frame.to_owned(), rest.to_owned());
                self.text = rest;
                if let Some(frame) = parse(&frame) {
                    return Some(frame);
                }
                continue;
            }
            let chunk = tokio::time::timeout(PATIENCE, self.body.next()).await.expect("something comes in time")?;
            self.text.push_str(std::str::from_utf8(&chunk.expect("a chunk")).expect("UTF-8"));
        }
    }

    async fn event(&mut self) -> Event {
        loop {
            match self.next().await.expect("an event") {
                Frame::Event(event) => return event,
                Frame::At(_) => {}
            }
        }
    }

    /// The events up to the one with this number.
    async fn up_to(&mut self, number: u64) -> Vec<Event> {
        let mut events = Vec::new();
        while events.last().is_none_or(|last: &Event| last.number < number) {
            events.push(self.event().await);
        }
        events
    }
}

/// The events of a stream until each of these kinds was among them.
pub async fn until_all(ask: Ask, kinds: &[&str]) -> Vec<Event> {
    let mut reader = Reader::open(ask).await;
    let mut events: Vec<Event> = Vec::new();
    while !kinds.iter().all(|kind| events.iter().any(|event| event.kind == *kind)) {
        events.push(reader.event().await);
    }
    events
}

fn parse(frame: &str) -> Option<Frame> {
    let field = |name: &str| frame.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    let id: u64 = field("id")?.parse().expect("a number");
    let Some(data) = field("data") else { return Some(Frame::At(id)) };
    let event: Event = serde_json::from_str(data).expect("an event");
    assert_eq!((event.number, Some(event.kind.as_str())), (id, field("event")));
    Some(Frame::Event(event))
}

async fn some_events(bench: &Bench) {
    bench.done("first", "true").await;
    bench.worker("second", None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_resumed_at_every_number_without_gap_or_duplicate() {
    let bench = bench().await;
    some_events(&bench).await;
    let end = bench.position().await;
    let all = Reader::open(bench.get(format!("{}?after=0", paths::EVENTS))).await.up_to(end).await;
    let numbers: Vec<u64> = all.iter().map(|event| event.number).collect();
    assert_eq!(numbers, (1..=end).collect::<Vec<_>>());
    assert!(
        all.iter().any(|event| event.kind == "agent-hired" && event.agent.is_some() && event.body["name"] == "first")
    );
    assert!(all.iter().all(|event| event.stream.starts_with("project/")), "{:?}", all[0]);
    for after in 0..end {
        let header = bench.get(format!("{}?after=0", paths::EVENTS)).header("last-event-id", &after.to_string());
        let rest = Reader::open(header).await.up_to(end).await;
        assert_eq!(rest, all[after as usize..], "after {after}");
    }
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_goes_on_from_now_and_says_where_that_is() {
    let bench = bench().await;
    some_events(&bench).await;
    let end = bench.position().await;
    let mut reader = Reader::open(bench.get(paths::EVENTS)).await;
    assert_eq!(reader.next().await, Some(Frame::At(end)));
    bench.hire("third", SLEEPER).expect(201).await;
    let event = reader.event().await;
    assert_eq!((event.number, event.kind.as_str()), (end + 1, "agent-hired"));
    // While the log grows, nothing is skipped.
    for number in 0..50 {
        bench.post("/v1/org/agents/second/messages", &json!({ "text": format!("{number}") })).expect(201).await;
    }
    let last = bench.position().await;
    let numbers: Vec<u64> = reader.up_to(last).await.iter().map(|event| event.number).collect();
    assert_eq!(numbers, (end + 2..=last).collect::<Vec<_>>());
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_filtered_by_agent_and_kind() {
    let bench = bench().await;
    some_events(&bench).await;
    let query = |query: &str| bench.get(format!("{}?after=0&{query}", paths::EVENTS));
    let mut hires = Reader::open(query("kind=agent-hired")).await;
    assert_eq!(
        (hires.event().await.body["name"].clone(), hires.event().await.body["name"].clone()),
        (json!("first"), json!("second"))
    );
    let second = bench.get("/v1/org/agents/second").expect(200).await["id"].clone();
    let mut about = Reader::open(query("agent=second&kind=agent-hired,run-opened")).await;
    let (hired, opened) = (about.event().await, about.event().await);
    assert_eq!((hired.kind.as_str(), opened.kind.as_str()), ("agent-hired", "run-opened"));
    assert_eq!((json!(hired.agent), json!(opened.agent)), (second.clone(), second));
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_sees_its_own_subtree_only() {
    let bench = bench().await;
    let boss = bench.worker("boss", None).await;
    let peer = bench.worker("peer", None).await;
    let after = bench.position().await;
    let mut reader = Reader::open(bench.get(format!("{}?after={after}", paths::EVENTS)).by(&boss)).await;
    bench.post("/v1/org/agents/peer/messages", &json!({ "text": "whispered" })).expect(201).await;
    let report = bench.worker("report", Some("boss")).await;
    bench.ask(Method::DELETE, "/v1/org/agents/report").expect(200).await;
    let mut seen = Vec::new();
    while seen.last().is_none_or(|event: &Event| event.kind != "agent-fired") {
        seen.push(reader.event().await);
    }
    assert_eq!(seen[0].kind, "agent-hired");
    for event in &seen {
        let text = event.body.to_string();
        assert!(text.contains(&report.id) || text.contains(&boss.id), "{event:?}");
        assert!(!text.contains("whispered") && !text.contains(&peer.id), "{event:?}");
    }
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_reader_is_told_and_misses_nothing() {
    let bench = bench().await;
    bench.worker("worker", None).await;
    let start = bench.position().await;
    let mut reader = Reader::open(bench.get(paths::EVENTS)).await;
    assert_eq!(reader.next().await, Some(Frame::At(start)));
    for number in 0..20 {
        bench.post("/v1/org/agents/worker/messages", &json!({ "text": format!("{number}") })).expect(201).await;
    }
    let end = bench.position().await;
    bench.clock.advance(60);
    let lagged = reader.event().await;
    assert_eq!((lagged.kind.as_str(), lagged.number), ("lagged", start));
    let numbers: Vec<u64> = reader.up_to(end).await.iter().map(|event| event.number).collect();
    assert_eq!(numbers, (start + 1..=end).collect::<Vec<_>>(), "told once, and then everything");
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_stream_does_not_hold_up_the_end() {
    let bench = bench().await;
    bench.worker("worker", None).await;
    let mut reader = Reader::open(bench.get(paths::EVENTS)).await;
    reader.next().await;
    let engine = bench.engine.clone();
    assert!(engine.shutdown(false, PATIENCE).await);
    let ended = async { while reader.next().await.is_some() {} };
    tokio::time::timeout(Duration::from_secs(5), ended).await.expect("the stream ends");
}
