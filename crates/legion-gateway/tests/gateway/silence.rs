//! Providers that say nothing, and callers that do not read.

use std::sync::Arc;
use std::time::Duration;

use legion_gateway::Settings;
use tokio::sync::Notify;

use crate::support::{Service, Upstream, events, request, until, within};

#[tokio::test]
async fn while_the_provider_is_silent_the_caller_gets_signs_of_life() {
    let upstream = Upstream::start(|_, mut conn| async move {
        conn.open().await;
        conn.send(&events()[0]).await;
        conn.hung_up().await;
    })
    .await;
    let service = Service::start(&[("one", &upstream)]).await;
    service.books.change(|settings: &mut Settings| settings.limits.ping_every = Duration::from_millis(30));
    let mut answer = service.open_message(request("m", true)).await;
    assert_eq!(answer.next().await.expect("a piece").expect("whole"), events()[0].as_bytes());
    for _ in 0..3 {
        let ping = answer.next().await.expect("a piece").expect("whole");
        assert_eq!(ping, "event: ping\ndata: {\"type\": \"ping\"}\n\n");
    }
}

#[tokio::test]
async fn no_sign_of_life_is_put_into_an_event() {
    let upstream = Upstream::start(|_, mut conn| async move {
        conn.open().await;
        conn.send(&events()[0]).await;
        conn.send("event: content_block_delta\ndata: {").await;
        conn.hung_up().await;
    })
    .await;
    let service = Service::start(&[("one", &upstream)]).await;
    service.books.change(|settings: &mut Settings| settings.limits.ping_every = Duration::from_millis(20));
    let mut answer = service.open_message(request("m", true)).await;
    let mut text = String::new();
    while let Some(piece) = answer.next_within(Duration::from_millis(300)).await {
        text.push_str(&String::from_utf8_lossy(&piece));
    }
    assert!(text.ends_with("data: {"), "{text}");
}

#[tokio::test]
async fn a_stream_that_falls_silent_for_long_ends_with_an_error() {
    let upstream = Upstream::start(|_, mut conn| async move {
        conn.open().await;
        conn.send(&events()[0]).await;
        conn.hung_up().await;
    })
    .await;
    let service = Service::start(&[("one", &upstream)]).await;
    service.books.change(|settings: &mut Settings| settings.limits.silence_patience = Duration::from_millis(100));
    let got = service.message(request("m", true)).await;
    assert!(got.text().contains("event: error") && got.text().contains("no answer within"), "{}", got.text());
    assert_eq!(service.books.calls()[0].outcome, "silent");
}

#[tokio::test]
async fn a_provider_that_never_begins_to_answer_is_given_up() {
    let upstream = Upstream::start(|_, mut conn| async move { conn.hung_up().await }).await;
    let service = Service::start(&[("one", &upstream)]).await;
    service.books.change(|settings: &mut Settings| settings.limits.answer_patience = Duration::from_millis(50));
    let got = service.message(request("m", true)).await;
    assert!(got.status >= 500 && got.text().contains("no answer within 50 ms"), "{} {}", got.status, got.text());
    assert_eq!(upstream.count(), 1);
    // It was asked, and may have worked for all of that time: the prompt is charged.
    let calls = service.books.calls();
    assert_eq!(calls.len(), 1);
    assert_eq!((calls[0].outcome, calls[0].status, calls[0].estimated), ("silent", 502, true));
    assert!(calls[0].usage.input > 0 && calls[0].usage.output == 0, "{:?}", calls[0].usage);
    assert_eq!(calls[0].charged_nanos, calls[0].usage.input * 1_000);
}

#[tokio::test]
async fn a_first_event_that_takes_long_is_not_waited_for_with_the_head() {
    let gate = Arc::new(Notify::new());
    let opened = gate.clone();
    let upstream = Upstream::start(move |_, mut conn| {
        let gate = opened.clone();
        async move {
            conn.open().await;
            gate.notified().await;
            conn.send(events().concat()).await;
            conn.end().await;
        }
    })
    .await;
    let service = Service::start(&[("one", &upstream)]).await;
    service.books.change(|settings: &mut Settings| settings.limits.peek_patience = Duration::from_millis(50));
    let answer = service.open_message(request("m", true)).await;
    assert_eq!(answer.status, 200);
    gate.notify_one();
    assert_eq!(answer.rest().await.text(), events().concat());
}

#[tokio::test]
async fn a_caller_that_does_not_read_is_left_and_memory_stays_bounded() {
    let gone = Arc::new(Notify::new());
    let tell = gone.clone();
    let upstream = Upstream::start(move |_, mut conn| {
        let tell = tell.clone();
        async move {
            conn.open().await;
            let event = format!("event: content_block_delta\ndata: {{\"x\":\"{}\"}}\n\n", "a".repeat(64 * 1024));
            conn.send(&events()[0]).await;
            // More than the buffers of both connections hold: only a reader makes room.
            for _ in 0..1_000 {
                conn.send(&event).await;
            }
            tell.notify_one();
        }
    })
    .await;
    let service = Service::start(&[("one", &upstream)]).await;
    service.books.change(|settings: &mut Settings| settings.limits.reader_patience = Duration::from_millis(200));
    let answer = service.open_message(request("m", true)).await;
    until("the end of the call", || !service.books.calls().is_empty()).await;
    assert_eq!(service.books.calls()[0].outcome, "slow-reader");
    within("upstream's end", gone.notified()).await;
    assert!(answer.rest().await.cut, "what nobody read is cut");
}
