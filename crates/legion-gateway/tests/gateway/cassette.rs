//! Record and replay.

use std::time::{Duration, Instant};

use legion_gateway::{CassetteMode, Matching, Pace, Settings};

use crate::support::{MESSAGE, Service, Upstream, error, events, request, until};

async fn recorded() -> (Service, Upstream) {
    let upstream = Upstream::start(|received, mut conn| async move {
        conn.open().await;
        let mut events = events();
        // Answers that can be told apart.
        events[2] = events[2].replace("Hello", &format!("Hello {}", received.number));
        for (index, event) in events.iter().enumerate() {
            if index == 3 {
                tokio::time::sleep(Duration::from_millis(120)).await;
            }
            conn.send(event).await;
        }
        conn.end().await;
    })
    .await;
    let service = Service::start(&[("one", &upstream)]).await;
    service
        .books
        .change(|settings: &mut Settings| settings.cassette = CassetteMode::Record { name: "tape".to_owned() });
    for text in ["first", "second", "second"] {
        assert_eq!(service.message(request("m", true).replace("hi", text)).await.status, 200);
    }
    until("three records", || {
        service.gateway.cassettes().list().is_ok_and(|all| all.iter().any(|tape| tape.calls == 3))
    })
    .await;
    assert_eq!(upstream.count(), 3);
    (service, upstream)
}

fn replay(service: &Service, matching: Matching, pace: Pace) {
    service.gateway.cassettes().rewind("tape");
    service.books.change(|settings: &mut Settings| {
        settings.cassette = CassetteMode::Replay { name: "tape".to_owned(), matching, pace };
    });
}

#[tokio::test]
async fn a_strict_replay_answers_each_request_once_and_asks_nobody() {
    let (service, upstream) = recorded().await;
    replay(&service, Matching::Strict, Pace::Full);
    for (text, number) in [("second", 1), ("first", 0), ("second", 2)] {
        let got = service.message(request("m", true).replace("hi", text)).await;
        assert_eq!(got.text(), events().concat().replace("Hello", &format!("Hello {number}")), "{text}");
        assert_eq!(got.header("request-id"), Some("req_1"));
    }
    for text in ["second", "never asked"] {
        let got = service.message(request("m", true).replace("hi", text)).await;
        assert_eq!(got.status, 404);
        assert!(got.text().contains("no answer to this request"), "{}", got.text());
    }
    assert_eq!(upstream.count(), 3);
    let (recorded, replayed) = (&service.books.calls()[0], &service.books.calls()[3]);
    assert_eq!((recorded.cost_nanos, replayed.cost_nanos, replayed.usage.output), (Some(81_000), Some(0), 7));
}

#[tokio::test]
async fn the_nearest_record_answers_what_was_never_asked() {
    let (service, _) = recorded().await;
    replay(&service, Matching::Nearest, Pace::Full);
    let got = service.message(request("m", true).replace("hi", "firsT")).await;
    assert!(got.text().contains("Hello 0"), "{}", got.text());
}

#[tokio::test]
async fn a_replay_keeps_the_pauses_of_the_record_when_it_is_told_to() {
    let (service, _) = recorded().await;
    for (pace, slow) in [(Pace::Recorded, true), (Pace::Full, false)] {
        replay(&service, Matching::Strict, pace);
        let began = Instant::now();
        service.message(request("m", true).replace("hi", "first")).await;
        assert_eq!(began.elapsed() >= Duration::from_millis(110), slow, "{pace:?}: {:?}", began.elapsed());
    }
}

#[tokio::test]
async fn a_cassette_that_is_not_there_or_damaged_is_an_error() {
    let (service, _) = recorded().await;
    replay(&service, Matching::Strict, Pace::Full);
    std::fs::write(service.data_dir().join("cassettes/tape.jsonl"), "{broken\n").expect("written");
    assert_eq!(service.message(request("m", true)).await.status, 500);
}

#[tokio::test]
async fn a_replay_of_failures_closes_no_lane_is_stopped_by_none_and_costs_nothing() {
    let upstream = Upstream::start(|received, mut conn| async move {
        match received.number {
            0 => conn.answer(429, &[("retry-after", "50")], error("rate_limit_error", "quota").as_bytes()).await,
            // One that is tried again at once, within the same call.
            2 => conn.answer(500, &[], error("api_error", "once more").as_bytes()).await,
            3 => conn.answer(402, &[], error("billing_error", "no credit").as_bytes()).await,
            _ => conn.answer(200, &[], MESSAGE.as_bytes()).await,
        }
    })
    .await;
    let service = Service::start(&[("one", &upstream)]).await;
    service
        .books
        .change(|settings: &mut Settings| settings.cassette = CassetteMode::Record { name: "tape".to_owned() });
    let mut recorded = Vec::new();
    for _ in 0..4 {
        recorded.push(service.message(request("m", false)).await.status);
        service.gateway.reopen("one");
    }
    assert_eq!((recorded.as_slice(), upstream.count()), ([429, 200, 402, 200].as_slice(), 5));
    let taped = || service.gateway.cassettes().list().is_ok_and(|all| all.iter().any(|tape| tape.calls == 5));
    until("five records", taped).await;
    replay(&service, Matching::Strict, Pace::Full);
    // Nothing is left to spend, and a single call may cost nothing.
    let spent = service.books.spent();
    service.books.lock().limit = Some(0);
    service.books.change(|settings: &mut Settings| settings.call_max_nanos = Some(0));
    let told = service.books.lock().lanes.len();
    let began = Instant::now();
    for status in recorded {
        let got = service.message(request("m", false)).await;
        assert_eq!(got.status, status, "{}", got.text());
        assert!(service.gateway.lanes().is_empty(), "{:?}", service.gateway.lanes());
    }
    assert!(began.elapsed() < Duration::from_millis(250), "the pause before a second try is the provider's");
    let heard = service.books.lock().lanes.len();
    assert_eq!((heard, service.books.spent(), upstream.count()), (told, spent, 5));

    // A lane that is closed in earnest neither stops a replay nor is it opened by one.
    let live = |settings: &mut Settings| {
        settings.cassette = CassetteMode::Off;
        settings.call_max_nanos = None;
    };
    service.books.change(live);
    service.books.lock().limit = None;
    upstream.forget();
    assert_eq!(service.message(request("m", false)).await.status, 429);
    replay(&service, Matching::Strict, Pace::Full);
    assert_eq!(service.message(request("m", false)).await.status, 429);
    assert_eq!(service.message(request("m", false)).await.status, 200);
    assert_eq!(service.gateway.lanes().len(), 1);
    service.books.change(live);
    assert_eq!((service.message(request("m", false)).await.status, upstream.count()), (429, 1));
}
