//! Everything that a provider can do wrong, and what becomes of it.

use std::time::Duration;

use legion_gateway::Settings;

use crate::support::{AGENT, MESSAGE, Service, Upstream, anthropic, error, events, request, until};

async fn answer_to(
    status: u16,
    headers: &'static [(&'static str, &'static str)],
    body: &str,
) -> (crate::support::Got, Service, Upstream) {
    let upstream = Upstream::fixed(status, headers, body).await;
    let service = Service::start(&[("one", &upstream)]).await;
    let got = service.message(request("m", true)).await;
    (got, service, upstream)
}

#[tokio::test]
async fn a_429_with_retry_after_closes_the_lane_for_that_time() {
    let body = error("rate_limit_error", "slow down");
    let (got, service, upstream) = answer_to(429, &[("retry-after", "7")], &body).await;
    assert_eq!((got.status, got.header("retry-after"), got.text()), (429, Some("7"), body));
    // The next callers are told so without asking the provider.
    for _ in 0..5 {
        let got = service.message(request("m", false)).await;
        let after: u64 = got.header("retry-after").expect("a time").parse().expect("seconds");
        assert_eq!((got.status, (5..=7).contains(&after)), (429, true), "{after}");
        assert!(
            got.text().contains("rate_limit_error") && got.text().contains("takes no calls until"),
            "{}",
            got.text()
        );
    }
    assert_eq!(upstream.count(), 1);
    assert!(service.books.lock().lanes[0].starts_with("closed one/m "), "{:?}", service.books.lock().lanes);
    // Another model of the provider is not concerned.
    service.message(request("n", false)).await;
    assert_eq!(upstream.count(), 2);
}

#[tokio::test]
async fn a_429_without_retry_after_gets_one_and_is_not_tried_again_by_us() {
    let (got, _, upstream) = answer_to(429, &[], &error("rate_limit_error", "slow down")).await;
    assert_eq!((got.status, got.header("retry-after")), (429, Some("1")));
    assert_eq!(upstream.count(), 1);
}

#[tokio::test]
async fn a_529_stays_one_and_closes_the_lane_for_a_moment() {
    let (got, service, upstream) = answer_to(529, &[], &error("overloaded_error", "full")).await;
    assert_eq!((got.status, got.header("retry-after")), (529, Some("1")));
    assert!(got.text().contains("overloaded_error"));
    assert_eq!(service.message(request("m", false)).await.status, 529);
    assert_eq!(upstream.count(), 1);
}

#[tokio::test]
async fn a_402_closes_the_provider_and_is_not_to_be_tried_again() {
    let (got, service, upstream) = answer_to(402, &[], &error("billing_error", "no credit left")).await;
    assert_eq!((got.status, got.header("retry-after"), got.header("x-should-retry")), (402, None, Some("false")));
    let again = service.message(request("another", false)).await;
    assert_eq!((again.header("retry-after"), again.header("x-should-retry")), (None, Some("false")));
    assert_eq!(upstream.count(), 1);
}

#[tokio::test]
async fn a_401_closes_the_provider_until_it_is_set_up_anew() {
    let (got, service, upstream) =
        answer_to(401, &[], &error("authentication_error", "invalid x-api-key canary-key-of-one")).await;
    assert_eq!(got.status, 401);
    assert!(!got.text().contains("canary"), "{}", got.text());
    assert_eq!(service.message(request("m", false)).await.status, 401);
    assert_eq!(upstream.count(), 1);
    service.gateway.reopen("one");
    service.message(request("m", false)).await;
    assert_eq!(upstream.count(), 2);
    assert_eq!(service.books.lock().lanes.iter().filter(|lane| lane.starts_with("opened one/*")).count(), 1);
}

#[tokio::test]
async fn a_wrong_request_is_the_callers_and_closes_nothing() {
    let body = error("invalid_request_error", "messages: too strange");
    let (got, service, upstream) = answer_to(400, &[], &body).await;
    assert_eq!((got.status, got.text()), (400, body));
    service.message(request("m", true)).await;
    assert_eq!((upstream.count(), service.gateway.lanes().len()), (2, 0));
}

#[tokio::test]
async fn a_provider_that_fails_is_asked_once_more_and_five_failures_break_the_circuit() {
    let upstream = Upstream::fixed(500, &[], error("api_error", "oops")).await;
    let service = Service::start(&[("one", &upstream)]).await;
    for _ in 0..10 {
        let got = service.message(request("m", true)).await;
        assert!(matches!(got.status, 500 | 503 | 529), "{}", got.status);
    }
    assert_eq!(upstream.count(), 5, "no storm");
}

#[tokio::test]
async fn an_error_in_the_first_frame_of_a_200_is_an_error() {
    let frame = format!("event: error\ndata: {}\n\n", error("overloaded_error", "full"));
    let upstream = Upstream::streaming(vec![": hello\n\n".to_owned(), frame]).await;
    let service = Service::start(&[("one", &upstream)]).await;
    let got = service.message(request("m", true)).await;
    assert_eq!(got.status, 529);
    assert!(got.text().contains("overloaded_error"), "{}", got.text());
    let calls = service.books.calls();
    assert_eq!((calls.len(), calls[0].charged_nanos, calls[0].outcome), (1, 0, "refused"));
}

#[tokio::test]
async fn an_empty_stream_is_an_overload() {
    let upstream = Upstream::streaming(Vec::new()).await;
    let service = Service::start(&[("one", &upstream)]).await;
    assert_eq!(service.message(request("m", true)).await.status, 529);
}

#[tokio::test]
async fn a_stream_that_ends_between_events_gets_an_error_event() {
    let upstream = Upstream::streaming(events()[..3].to_vec()).await;
    let service = Service::start(&[("one", &upstream)]).await;
    let got = service.message(request("m", true)).await;
    let begun = events()[..3].concat();
    assert!(
        got.text().starts_with(&begun) && got.text()[begun.len()..].starts_with("event: error\n"),
        "{}",
        got.text()
    );
    assert!(!got.cut);
    let call = &service.books.calls()[0];
    assert_eq!((call.outcome, call.estimated, call.usage.input), ("cut", true, 11));
}

#[tokio::test]
async fn a_stream_that_is_cut_in_an_event_is_cut_for_the_caller() {
    let upstream = Upstream::start(|_, mut conn| async move {
        conn.open().await;
        conn.send(&events()[0]).await;
        conn.send("event: content_block_delta\ndata: {\"type\":\"content_bl").await;
    })
    .await;
    let service = Service::start(&[("one", &upstream)]).await;
    let got = service.message(request("m", true)).await;
    assert!(got.cut, "{}", got.text());
    assert!(got.text().ends_with("content_bl"));
    assert_eq!(service.books.calls()[0].outcome, "cut");
}

#[tokio::test]
async fn an_event_of_ten_megabytes_passes_and_is_not_collected() {
    let big = format!("event: content_block_delta\ndata: {{\"x\":\"{}\"}}\n\n", "a".repeat(10 * 1024 * 1024));
    let mut all = events();
    all.insert(3, big);
    let expected = all.concat();
    let upstream = Upstream::streaming(all).await;
    let service = Service::start(&[("one", &upstream)]).await;
    let got = service.message(request("m", true)).await;
    assert_eq!((got.status, got.body.len()), (200, expected.len()));
    assert!(got.body == expected.as_bytes());
    until("a settled call", || !service.books.calls().is_empty()).await;
    assert_eq!(service.books.calls()[0].usage.output, 7);
}

#[tokio::test]
async fn an_answer_that_is_no_json_passes_and_is_settled_as_an_estimate() {
    let upstream = Upstream::fixed(200, &[], "{broken").await;
    let service = Service::start(&[("one", &upstream)]).await;
    let got = service.message(request("m", false)).await;
    assert_eq!((got.status, got.text().as_str()), (200, "{broken"));
    let call = &service.books.calls()[0];
    assert!(call.estimated && call.charged_nanos > 0, "{call:?}");
}

#[tokio::test]
async fn a_request_that_is_no_json_or_too_long_is_refused_in_the_callers_dialect() {
    let upstream = Upstream::fixed(200, &[], MESSAGE).await;
    let service = Service::start(&[("one", &upstream)]).await;
    service.books.change(|settings: &mut Settings| settings.limits.request_bytes_max = 1_000);
    let headers = [("x-api-key", AGENT)];
    for (body, status, kind) in [
        ("{broken".to_owned(), 400, "invalid_request_error"),
        ("{}".to_owned(), 400, "invalid_request_error"),
        ("x".repeat(2_000), 413, "request_too_large"),
    ] {
        let got = service.post("/gateway/anthropic/v1/messages", &headers, body).await;
        assert_eq!(got.status, status);
        assert!(got.text().contains(kind), "{}", got.text());
    }
    assert_eq!(upstream.count(), 0);
}

#[tokio::test]
async fn a_name_that_does_not_resolve_and_a_port_where_nobody_listens_are_named() {
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("bound");
    for (url, word) in
        [("https://nobody.invalid", "could not be resolved"), (&*format!("http://{gone}"), "no connection to")]
    {
        let service = Service::with(vec![anthropic("one", url)]).await;
        let got = service.message(request("m", true)).await;
        assert_eq!(got.status, 500, "{url}");
        assert!(got.text().contains(word) && got.text().contains("`one`"), "{}", got.text());
        assert!(service.books.calls().is_empty(), "nothing was sent");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let other = Upstream::fixed(200, &[], MESSAGE).await;
    let location: &'static str = Box::leak(other.url.clone().into_boxed_str());
    let headers: &'static [(&str, &str)] = Box::leak(Box::new([("location", location)]));
    let upstream = Upstream::fixed(307, headers, "").await;
    let service = Service::start(&[("one", &upstream)]).await;
    let got = service.message(request("m", false)).await;
    assert_eq!((got.status, other.count()), (500, 0));
    assert_eq!(got.header("location"), None);
}

#[tokio::test]
async fn too_many_calls_at_once_are_told_to_come_back() {
    let upstream = Upstream::start(|_, mut conn| async move { conn.hung_up().await }).await;
    let service = Service::start(&[("one", &upstream)]).await;
    service.books.change(|settings: &mut Settings| settings.limits.calls_max = 1);
    let (first, second) =
        tokio::join!(tokio::time::timeout(Duration::from_secs(2), service.message(request("m", false))), async {
            until("the first call", || upstream.count() == 1).await;
            service.message(request("m", false)).await
        });
    assert!(first.is_err(), "the first call waits");
    assert_eq!((second.status, second.header("retry-after")), (529, Some("2")));
}
