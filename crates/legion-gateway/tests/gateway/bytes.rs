//! The byte lane: what the caller sends is what the provider gets, and back.

use std::sync::Arc;

use legion_gateway::{Betas, Target, Who};
use tokio::sync::Notify;

use crate::support::{AGENT, MESSAGE, Service, Upstream, events, request, until};

#[tokio::test]
async fn a_request_goes_on_byte_by_byte_and_so_does_its_answer() {
    let upstream = Upstream::fixed(200, &[("request-id", "req_9"), ("anthropic-ratelimit-x", "5")], MESSAGE).await;
    let service = Service::start(&[("one", &upstream)]).await;
    let body = request("m", false);
    let headers =
        [("x-api-key", AGENT), ("anthropic-beta", "b-1,b-2"), ("anthropic-version", "2023-06-01"), ("cookie", "c=1")];
    let got = service.post("/gateway/anthropic/v1/messages?beta=true", &headers, body.clone()).await;
    assert_eq!((got.status, got.text().as_str()), (200, MESSAGE));
    assert_eq!(got.header("request-id"), Some("req_9"));
    assert_eq!(got.header("anthropic-ratelimit-x"), Some("5"));
    assert_eq!(got.header("legion-route"), Some("one/m"));
    assert_eq!(got.header("legion-gateway-warnings"), None);
    let received = &upstream.requests()[0];
    assert_eq!(received.line, "POST /v1/messages?beta=true HTTP/1.1");
    assert_eq!(String::from_utf8_lossy(&received.body), body);
    assert_eq!(received.headers["anthropic-beta"], "b-1,b-2");
    assert_eq!(received.headers["x-api-key"], "canary-key-of-one");
    assert!(!received.headers.contains_key("cookie") && !received.headers.contains_key("authorization"));
    assert!(!received.text().contains(AGENT), "{}", received.text());
}

#[tokio::test]
async fn only_the_models_name_changes_when_the_route_says_so() {
    let upstream = Upstream::fixed(200, &[], MESSAGE).await;
    let service = Service::start(&[("one", &upstream)]).await;
    service.books.change(|settings| {
        settings.routes[0].target = Target { provider: "one".to_owned(), model: Some("other".to_owned()) };
    });
    assert_eq!(service.message(request("m", false)).await.status, 200);
    let expected = request("m", false).replace("\"m\"", "\"other\"");
    assert_eq!(String::from_utf8_lossy(&upstream.requests()[0].body), expected);
    // A change of the matrix is effective with the next call.
    service.books.change(|settings| settings.routes[0].who = Who::Role("nobody".to_owned()));
    assert_eq!(service.message(request("m", false)).await.status, 200);
    assert_eq!(String::from_utf8_lossy(&upstream.requests()[1].body), request("m", false));
}

#[tokio::test]
async fn an_anthropic_answer_names_the_model_that_was_asked_for() {
    let streamed =
        Upstream::streaming(events().iter().map(|event| event.replace("\"m\"", "\"other\"")).collect()).await;
    let whole = Upstream::fixed(200, &[], MESSAGE.replace("\"m\"", "\"other\"")).await;
    for (upstream, stream, expected) in [(&streamed, true, events().concat()), (&whole, false, MESSAGE.to_owned())] {
        let service = Service::start(&[("one", upstream)]).await;
        service.books.change(|settings| {
            settings.routes[0].target = Target { provider: "one".to_owned(), model: Some("other".to_owned()) };
        });
        let got = service.message(request("m", stream)).await;
        assert_eq!((got.status, got.text()), (200, expected));
        assert_eq!(got.header("legion-route"), Some("one/other"));
        until("a settled call", || !service.books.calls().is_empty()).await;
        let call = &service.books.calls()[0];
        assert_eq!((call.model.as_str(), call.asked_model.as_str(), call.usage.output), ("other", "m", 7));
    }
}

#[tokio::test]
async fn the_first_event_arrives_before_the_second_is_sent() {
    let gate = Arc::new(Notify::new());
    let opened = gate.clone();
    let upstream = Upstream::start(move |_, mut conn| {
        let gate = opened.clone();
        async move {
            conn.open().await;
            for event in events() {
                conn.send(event).await;
                gate.notified().await;
            }
            conn.end().await;
        }
    })
    .await;
    let service = Service::start(&[("one", &upstream)]).await;
    let mut answer = service.open_message(request("m", true)).await;
    for event in events() {
        let piece = answer.next().await.expect("a piece").expect("whole");
        assert_eq!(String::from_utf8_lossy(&piece), event);
        gate.notify_one();
    }
    assert!(answer.next().await.is_none());
}

#[tokio::test]
async fn usage_and_cost_of_an_answer_are_settled_once() {
    let upstream = Upstream::streaming(events()).await;
    let service = Service::start(&[("one", &upstream)]).await;
    let headers = [("x-api-key", AGENT), ("x-claude-code-session-id", "s-1"), ("x-claude-code-agent-id", "sub")];
    let got = service.post("/gateway/anthropic/v1/messages", &headers, request("m", true)).await;
    assert_eq!(got.text(), events().concat());
    until("a settled call", || !service.books.calls().is_empty()).await;
    let calls = service.books.calls();
    let call = &calls[0];
    assert_eq!(calls.len(), 1);
    assert_eq!((call.usage.input, call.usage.output), (11, 7));
    assert_eq!(call.cost_nanos, Some(11 * 1_000 + 7 * 10_000));
    assert_eq!((call.charged_nanos, call.estimated), (81_000, false));
    assert_eq!((call.provider.as_str(), call.model.as_str(), call.outcome, call.status), ("one", "m", "done", 200));
    assert_eq!((call.caller.agent.as_deref(), call.sub_agent), (Some("a1"), true));
    assert_eq!(call.program_session.as_deref(), Some("s-1"));
    assert!(call.first_byte_ms.is_some());
}

#[tokio::test]
async fn an_unknown_price_is_an_unknown_cost_and_the_reservation_is_charged() {
    let upstream = Upstream::fixed(200, &[], MESSAGE).await;
    let service = Service::start(&[("one", &upstream)]).await;
    assert_eq!(service.message(request("unpriced", false)).await.status, 200);
    until("a settled call", || !service.books.calls().is_empty()).await;
    let call = &service.books.calls()[0];
    assert_eq!(call.cost_nanos, None);
    assert!(call.charged_nanos > 0);
}

#[tokio::test]
async fn a_provider_that_only_speaks_like_anthropic_gets_neither_flags_nor_the_block_that_kills_its_cache() {
    let upstream = Upstream::fixed(200, &[], MESSAGE).await;
    let service = Service::start(&[("one", &upstream)]).await;
    service.books.change(|settings| settings.providers.get_mut("one").expect("there").betas = Betas::Drop);
    let system = r#""system":[{"type":"text","text":"x-anthropic-billing-header: cch=1"},{"type":"text","text":"s"}],"#;
    let body = request("m", false).replacen("{ ", &format!("{{ {system}"), 1);
    let headers = [("x-api-key", AGENT), ("anthropic-beta", "b-1")];
    let got = service.post("/gateway/anthropic/v1/messages", &headers, body).await;
    assert_eq!(got.status, 200);
    let received = upstream.requests()[0].text();
    assert!(!received.contains("b-1") && !received.contains("billing"), "{received}");
    assert!(received.contains(r#""text":"s""#) && received.contains("zz_unknown"), "{received}");
    assert!(got.header("legion-gateway-warnings").is_some_and(|all| all.contains("b-1")), "{:?}", got.headers);
}

#[tokio::test]
async fn an_answer_in_one_piece_is_counted_by_its_own_numbers_though_its_length_was_said() {
    let upstream = Upstream::fixed(200, &[], MESSAGE).await;
    let service = Service::start(&[("one", &upstream)]).await;
    let got = service.message(request("m", false)).await;
    assert_eq!((got.status, got.header("content-length").is_some()), (200, true));
    until("a settled call", || !service.books.calls().is_empty()).await;
    let call = &service.books.calls()[0];
    assert_eq!((call.outcome, call.estimated, call.usage.input, call.usage.output), ("done", false, 11, 7));
}

#[tokio::test]
async fn a_stream_with_an_event_too_large_to_be_read_goes_on_whole_and_is_an_estimate() {
    let mut events = events();
    events[2] = events[2].replace("Hello", &"h".repeat(17 * 1024 * 1024));
    let whole = events.concat();
    let upstream = Upstream::streaming(events).await;
    let service = Service::start(&[("one", &upstream)]).await;
    let got = service.message(request("m", true)).await;
    assert!(!got.cut && got.body == whole.as_bytes(), "{} bytes of {}", got.body.len(), whole.len());
    until("a settled call", || !service.books.calls().is_empty()).await;
    let call = &service.books.calls()[0];
    assert_eq!((call.outcome, call.estimated, call.usage.input), ("done", true, 11));
}

#[tokio::test]
async fn a_stream_that_is_changed_on_its_way_has_not_the_length_that_the_provider_said() {
    let upstream = Upstream::start(|_, mut conn| async move {
        let body = events().concat();
        let length = body.len();
        conn.raw(format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}").as_bytes())
            .await;
    })
    .await;
    let service = Service::start(&[("one", &upstream)]).await;
    service.books.change(|settings| settings.routes[0].target.model = Some("m".to_owned()));
    let got = service.message(request("a-model-with-a-longer-name", true)).await;
    assert_eq!((got.cut, got.header("content-length")), (false, None));
    let renamed = events().concat().replacen(r#""model":"m""#, r#""model":"a-model-with-a-longer-name""#, 1);
    assert_eq!(got.text(), renamed);
}
