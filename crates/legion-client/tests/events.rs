//! The stream of events against a service that cuts it.

mod support;

use std::time::Duration;

use futures_util::{Stream, StreamExt as _};
use legion_api::{Event, ProblemCode};
use legion_client::{Client, ClientError, Patience, Transport};
use support::{Reply, Service, event, problem};

fn client(service: &Service) -> Client {
    let patience = Patience { unreached: support::DEADLINE, lost: support::DEADLINE };
    Client::new(Transport::parse(&service.url).expect("an address"), None).expect("a client").with_patience(patience)
}

async fn numbers(stream: &mut (impl Stream<Item = Result<Event, ClientError>> + Unpin), count: usize) -> Vec<u64> {
    let reading = stream.take(count).map(|event| event.expect("an event").number).collect();
    tokio::time::timeout(support::DEADLINE, reading).await.expect("they come in time")
}

fn lagged(number: u64) -> String {
    event(number).replace("agent-hired", "lagged")
}

#[tokio::test]
async fn a_cut_stream_goes_on_where_it_was_and_nothing_comes_twice() {
    let service = Service::start(|number, _| match number {
        0 => Reply::Events(format!(": hello\n\n{}{}id: 7\nda", event(5), event(6))),
        1 => Reply::Cut,
        // Repeats what was seen, and is cut within an event.
        2 => Reply::Events(format!("{}{}{}data: {{", event(6), event(7), event(9))),
        3 => problem(ProblemCode::ShuttingDown, "ending"),
        _ => Reply::EventsOpen(event(10)),
    })
    .await;
    let mut events = client(&service).events(Some(4));
    assert_eq!(numbers(&mut events, 5).await, [5, 6, 7, 9, 10]);
    let seen = service.seen();
    let ids: Vec<Option<&str>> = seen.iter().map(|request| request.header("last-event-id")).collect();
    assert_eq!(ids, [Some("4"), Some("6"), Some("6"), Some("9"), Some("9")]);
    assert_eq!(seen[1].path, "/v1/events?after=6");
    assert_eq!(seen[0].header("accept"), Some("text/event-stream"));
}

#[tokio::test]
async fn an_id_without_data_says_where_a_new_reader_stands() {
    let service = Service::start(|number, _| match number {
        0 => Reply::Events("id: 41\n\n".to_owned()),
        _ => Reply::EventsOpen(event(42)),
    })
    .await;
    assert_eq!(numbers(&mut client(&service).events(None), 1).await, [42]);
    let seen = service.seen();
    assert_eq!(seen[0].header("last-event-id"), None);
    assert_eq!(seen[1].header("last-event-id"), Some("41"));
}

#[tokio::test]
async fn a_reader_that_lagged_misses_nothing() {
    let service = Service::start(|number, _| match number {
        0 => Reply::EventsOpen([event(1), lagged(1), event(2), lagged(5), event(6)].concat()),
        _ => Reply::EventsOpen([event(3), event(6)].concat()),
    })
    .await;
    let client = client(&service).with_patience(Patience::NONE);
    assert_eq!(numbers(&mut client.events(Some(0)), 4).await, [1, 2, 3, 6]);
    assert_eq!(service.seen()[1].header("last-event-id"), Some("2"));
}

#[tokio::test]
async fn a_refusal_and_a_foreign_answer_end_the_stream() {
    let service = Service::start(|_, _| problem(ProblemCode::Unauthorized, "no")).await;
    let mut events = client(&service).events(None);
    let error = events.next().await.expect("one item").expect_err("refused");
    assert_eq!(error.problem().map(|problem| problem.code), Some(ProblemCode::Unauthorized));
    assert!(events.next().await.is_none());

    let service = Service::start(|_, _| Reply::Json(200, serde_json::json!({}))).await;
    let error = client(&service).events(None).next().await.expect("one item").expect_err("no events");
    assert!(matches!(error, ClientError::Protocol { .. }), "{error:?}");

    let service = Service::start(|_, _| Reply::Events("data: what\n\n".to_owned())).await;
    let error = client(&service).events(None).next().await.expect("one item").expect_err("no event");
    assert!(matches!(error, ClientError::Protocol { .. }), "{error:?}");
}

#[tokio::test]
async fn an_event_without_end_ends_the_stream() {
    let service = Service::start(|_, _| Reply::Events("a".repeat(5 * 1024 * 1024))).await;
    let error = client(&service).events(None).next().await.expect("one item").expect_err("too long");
    assert!(matches!(&error, ClientError::Protocol { what, .. } if what.contains("longer")), "{error:?}");
}

#[tokio::test]
async fn a_service_that_only_hangs_up_is_given_up_after_patience() {
    let service = Service::start(|_, _| Reply::Events(String::new())).await;
    let patience = Patience { unreached: Duration::ZERO, lost: Duration::from_millis(250) };
    let mut events = client(&service).with_patience(patience).events(None);
    let ended = tokio::time::timeout(support::DEADLINE, events.next()).await.expect("it ends");
    assert!(matches!(ended, Some(Err(ClientError::Unreachable { .. }))));
    assert!(service.seen().len() >= 2, "it was tried again first");
}
