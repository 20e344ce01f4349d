//! The caller's own login goes through untouched, and only where it should.

use legion_gateway::{Authorization, Provider};

use crate::support::{AGENT, MESSAGE, Service, Upstream, anthropic, request};

const LOGIN: &str = "Bearer sk-ant-oat01-canary-login";

#[tokio::test]
async fn a_login_goes_to_a_provider_that_wants_it_and_to_no_other() {
    let native = Upstream::fixed(200, &[], MESSAGE).await;
    let keyed = Upstream::fixed(200, &[], MESSAGE).await;
    let login = Provider { authorization: Authorization::Passthrough, ..anthropic("native", &native.url) };
    let service = Service::with(vec![login, anthropic("keyed", &keyed.url)]).await;
    let path = format!("/gateway/{AGENT}/anthropic/v1/messages");
    let headers = [("authorization", LOGIN)];
    assert_eq!(service.post(&path, &headers, request("m", false)).await.status, 200);
    assert_eq!(native.requests()[0].headers["authorization"], LOGIN);
    assert!(!native.requests()[0].headers.contains_key("x-api-key"));
    assert_eq!(service.post(&path, &headers, request("keyed/m", false)).await.status, 200);
    let received = &keyed.requests()[0];
    assert_eq!(received.headers["x-api-key"], "canary-key-of-keyed");
    assert!(!received.text().contains("canary-login"), "{}", received.text());
}

#[tokio::test]
async fn a_token_of_ours_is_never_taken_for_a_login() {
    let native = Upstream::fixed(200, &[], MESSAGE).await;
    let login = Provider { authorization: Authorization::Passthrough, ..anthropic("native", &native.url) };
    let service = Service::with(vec![login]).await;
    let bearer = format!("Bearer {AGENT}");
    for path in ["/gateway/anthropic/v1/messages".to_owned(), format!("/gateway/{AGENT}/anthropic/v1/messages")] {
        let got = service.post(&path, &[("authorization", &bearer)], request("m", false)).await;
        assert_eq!(got.status, 401, "{}", got.text());
    }
    assert_eq!(native.count(), 0);
}

#[tokio::test]
async fn a_login_that_is_refused_closes_no_lane() {
    let body = crate::support::error("authentication_error", "expired");
    let native = Upstream::fixed(401, &[], body).await;
    let login = Provider { authorization: Authorization::Passthrough, ..anthropic("native", &native.url) };
    let service = Service::with(vec![login]).await;
    let path = format!("/gateway/{AGENT}/anthropic/v1/messages");
    for _ in 0..2 {
        let got = service.post(&path, &[("authorization", LOGIN)], request("m", false)).await;
        assert_eq!(got.status, 401);
    }
    assert_eq!((native.count(), service.gateway.lanes().len()), (2, 0));
}

#[tokio::test]
async fn a_token_that_opens_nothing_is_refused_in_the_callers_dialect() {
    let upstream = Upstream::fixed(200, &[], MESSAGE).await;
    let service = Service::start(&[("one", &upstream)]).await;
    for (path, headers) in [
        ("/gateway/anthropic/v1/messages", vec![]),
        ("/gateway/anthropic/v1/messages", vec![("x-api-key", "wrong")]),
        ("/gateway/wrong/openai/v1/responses", vec![]),
    ] {
        let got = service.post(path, &headers, request("m", false)).await;
        assert_eq!(got.status, 401, "{path}");
    }
    assert_eq!(upstream.count(), 0);
}
