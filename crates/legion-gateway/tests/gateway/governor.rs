//! Failover by rule.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use legion_gateway::{Class, ClosedLane, Dialect, Settings};

use crate::support::{AGENT, MESSAGE, Service, Upstream, anthropic, error, events, request, until};

#[tokio::test]
async fn a_call_goes_to_the_next_provider_when_one_cannot_answer() {
    for (status, kind) in [
        (429, "rate_limit_error"),
        (529, "overloaded_error"),
        (402, "billing_error"),
        (401, "authentication_error"),
        (500, "api_error"),
    ] {
        let bad = Upstream::fixed(status, &[], error(kind, "no")).await;
        let good = Upstream::streaming(events()).await;
        let service = Service::start(&[("bad", &bad), ("good", &good)]).await;
        let got = service.message(request("m", true)).await;
        assert_eq!((got.status, got.text()), (200, events().concat()), "{status}");
        assert_eq!(got.header("legion-route"), Some("good/m"));
        assert_eq!(got.header("legion-gateway-warnings"), Some("left bad/m"), "the change of route is visible");
        until("a settled call", || !service.books.calls().is_empty()).await;
        let calls = service.books.calls();
        assert_eq!((calls.len(), calls[0].provider.as_str(), calls[0].left.len()), (1, "good", 1), "{status}");
    }
}

#[tokio::test]
async fn a_wrong_request_does_not_travel() {
    let bad = Upstream::fixed(400, &[], error("invalid_request_error", "no")).await;
    let good = Upstream::fixed(200, &[], MESSAGE).await;
    let service = Service::start(&[("bad", &bad), ("good", &good)]).await;
    assert_eq!(service.message(request("m", false)).await.status, 400);
    assert_eq!(good.count(), 0);
}

#[tokio::test]
async fn an_error_in_the_first_frame_leads_to_the_next_provider() {
    let frame = format!("event: error\ndata: {}\n\n", error("overloaded_error", "full"));
    let bad = Upstream::streaming(vec![frame]).await;
    let good = Upstream::streaming(events()).await;
    let service = Service::start(&[("bad", &bad), ("good", &good)]).await;
    let got = service.message(request("m", true)).await;
    assert_eq!((got.status, got.text()), (200, events().concat()));
    until("a settled call", || !service.books.calls().is_empty()).await;
    assert_eq!(service.books.calls().len(), 1);
}

#[tokio::test]
async fn a_provider_that_took_a_call_and_broke_off_is_charged_beside_the_one_that_answered() {
    // Before the head of its answer, after it, and in an answer that had named its usage.
    let failed = r#"{"type":"response.failed","response":{"id":"r","status":"failed","error":{"code":"server_error","message":"no"},"usage":{"input_tokens":11,"output_tokens":7,"total_tokens":18}}}"#;
    let failed = format!("event: response.failed\ndata: {failed}\n\n");
    for (begins, outcome) in [(None, "cut"), (Some(": hello\n\n".to_owned()), "cut"), (Some(failed), "failed")] {
        let named = outcome == "failed";
        let bad = Upstream::start(move |_, mut conn| {
            let begins = begins.clone();
            async move {
                if let Some(begins) = begins {
                    conn.open().await;
                    conn.send(begins).await;
                }
            }
        })
        .await;
        let good = Upstream::streaming(events()).await;
        let mut providers = vec![anthropic("bad", &bad.url), anthropic("good", &good.url)];
        if named {
            providers[0].dialect = Dialect::Responses;
        }
        let service = Service::with(providers).await;
        let got = service.message(request("m", true)).await;
        assert_eq!((got.status, got.text()), (200, events().concat()), "{outcome}");
        until("settled calls", || service.books.calls().len() == 2).await;
        let calls = service.books.calls();
        let (left, answered) = (&calls[0], &calls[1]);
        assert_eq!((left.provider.as_str(), left.outcome, left.status), ("bad", outcome, 502));
        assert_eq!(left.estimated, !named);
        assert_eq!(left.charged_nanos, left.usage.input * 1_000 + left.usage.output * 10_000);
        assert!(left.charged_nanos > 0 && (!named || left.usage.input == 11), "{:?}", left.usage);
        assert_eq!((answered.provider.as_str(), answered.charged_nanos, answered.left.len()), ("good", 81_000, 1));
        assert_eq!(service.books.spent(), left.charged_nanos + answered.charged_nanos);
    }
}

#[tokio::test]
async fn a_call_that_breaks_off_twice_is_charged_twice_and_told_once() {
    let upstream = Upstream::start(|_, _| async {}).await;
    let service = Service::start(&[("one", &upstream)]).await;
    let got = service.message(request("m", true)).await;
    assert!(got.status >= 500, "{}", got.status);
    assert_eq!(upstream.count(), 2, "it is asked once more");
    let calls = service.books.calls();
    assert!(calls.iter().all(|call| (call.outcome, call.estimated) == ("cut", true) && call.charged_nanos > 0));
    assert_eq!(calls.len(), 2);
}

#[tokio::test]
async fn what_has_begun_is_never_answered_by_another_provider() {
    let bad = Upstream::streaming(events()[..3].to_vec()).await;
    let good = Upstream::streaming(events()).await;
    let service = Service::start(&[("bad", &bad), ("good", &good)]).await;
    let got = service.message(request("m", true)).await;
    assert!(got.text().contains("event: error"), "{}", got.text());
    assert_eq!(good.count(), 0);
}

#[tokio::test]
async fn a_closed_lane_opens_by_one_probe_when_its_time_has_come() {
    let works = Arc::new(AtomicBool::new(false));
    let now = works.clone();
    let upstream = Upstream::start(move |_, mut conn| {
        let works = now.load(Ordering::SeqCst);
        async move {
            match works {
                true => conn.answer(200, &[], MESSAGE.as_bytes()).await,
                false => conn.answer(429, &[], error("rate_limit_error", "no").as_bytes()).await,
            }
        }
    })
    .await;
    let service = Service::start(&[("one", &upstream)]).await;
    assert_eq!(service.message(request("m", false)).await.status, 429);
    works.store(true, Ordering::SeqCst);
    let until = service.gateway.lanes()[0].closed_until.expect("closed");
    crate::support::until("the lane's time", || jiff::Timestamp::now() > until).await;
    let body = request("m", false);
    let answers = futures_util::future::join_all((0..5).map(|_| service.message(body.clone()))).await;
    let worked = answers.iter().filter(|got| got.status == 200).count();
    assert!(worked >= 1, "the probe works");
    assert!(service.gateway.lanes().is_empty(), "{:?}", service.gateway.lanes());
    assert_eq!(service.message(body).await.status, 200);
}

#[tokio::test]
async fn a_lane_that_was_closed_before_a_restart_stays_closed() {
    let upstream = Upstream::fixed(200, &[], MESSAGE).await;
    let service = Service::start(&[("one", &upstream)]).await;
    let settings = service.books.lock().settings.clone();
    let until = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(100);
    for (class, status, waits) in [
        (Class::RateLimited { retry_after: None }, 429, true),
        (Class::Overloaded, 529, true),
        (Class::Server, 529, true),
        // Waiting does not help.
        (Class::SpendLimit, 429, false),
    ] {
        let why = "quota of the day".to_owned();
        let lane = ClosedLane { provider: "one".to_owned(), model: None, until, class, why };
        let service = Service::of(Settings { lanes: vec![lane], ..(*settings).clone() }).await;
        let got = service.post("/gateway/anthropic/v1/messages", &[("x-api-key", AGENT)], request("m", false)).await;
        assert_eq!((got.status, upstream.count()), (status, 0), "{class:?}");
        assert_eq!(got.header("retry-after").is_some(), waits, "{class:?}");
        let should_retry = (class == Class::SpendLimit).then_some("false");
        assert_eq!(got.header("x-should-retry"), should_retry, "{class:?}");
        assert!(got.text().contains("quota of the day") && got.text().contains(&until.to_string()), "{}", got.text());
    }
    // The key may be another one since.
    let (provider, why) = ("one".to_owned(), "no such key".to_owned());
    let lane = ClosedLane { provider, model: None, until, class: Class::Authentication, why };
    let service = Service::of(Settings { lanes: vec![lane], ..(*settings).clone() }).await;
    assert_eq!((service.message(request("m", false)).await.status, upstream.count()), (200, 1));
}
