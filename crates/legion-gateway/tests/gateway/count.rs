//! Counting tokens.

use std::time::{Duration, Instant};

use legion_gateway::{Provider, templates};

use crate::support::{AGENT, Service, Upstream, anthropic, error, request};

const PATH: &str = "/gateway/anthropic/v1/messages/count_tokens";

#[tokio::test]
async fn the_provider_counts_where_it_can() {
    let upstream = Upstream::fixed(200, &[], r#"{"input_tokens":42}"#).await;
    let service = Service::start(&[("one", &upstream)]).await;
    let got = service.post(PATH, &[("x-api-key", AGENT)], request("m", false)).await;
    assert_eq!((got.status, got.text().as_str()), (200, r#"{"input_tokens":42}"#));
    assert_eq!(upstream.requests()[0].line, "POST /v1/messages/count_tokens HTTP/1.1");
    assert!(service.books.calls().is_empty(), "counting is no call");
}

#[tokio::test]
async fn a_provider_that_says_nothing_is_not_waited_for() {
    let upstream = Upstream::start(|_, mut conn| async move { conn.hung_up().await }).await;
    let service = Service::start(&[("one", &upstream)]).await;
    let began = Instant::now();
    assert!(count(&service, &request("m", false)).await > 0);
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert!(upstream.count() == 1 && service.gateway.lanes().is_empty(), "its lane is open");
}

#[tokio::test]
async fn else_an_estimate_that_is_not_low() {
    let upstream = Upstream::fixed(404, &[], error("not_found_error", "no")).await;
    let chat = Provider { name: "two".to_owned(), ..templates::vllm("two", &upstream.url) };
    for provider in [anthropic("one", &upstream.url), chat] {
        let service = Service::with(vec![provider]).await;
        let body = request("m", false).replace("hi ", &"word ".repeat(1_000));
        let got = service.post(PATH, &[("x-api-key", AGENT)], body).await;
        let body: serde_json::Value = serde_json::from_slice(&got.body).expect("JSON");
        assert!(body["input_tokens"].as_u64().expect("a number") >= 1_000, "{body}");
    }
}

/// A Chat answer whose provider counted so many tokens of prompt.
fn counted(prompt: u64) -> String {
    format!(
        r#"{{"id":"c1","object":"chat.completion","created":1,"model":"m","choices":[{{"index":0,"message":{{"role":"assistant","content":"Hello"}},"finish_reason":"stop"}}],"usage":{{"prompt_tokens":{prompt},"completion_tokens":5,"total_tokens":{}}}}}"#,
        prompt + 5
    )
}

async fn count(service: &Service, body: &str) -> u64 {
    let got = service.post(PATH, &[("x-api-key", AGENT)], body.to_owned()).await;
    let body: serde_json::Value = serde_json::from_slice(&got.body).expect("JSON");
    body["input_tokens"].as_u64().expect("a number")
}

#[tokio::test]
async fn an_estimate_learns_from_what_the_provider_says_of_calls() {
    let body = request("m", false).replace("hi ", &"word ".repeat(1_000));
    let plain = {
        let upstream = Upstream::fixed(200, &[], counted(1)).await;
        count(&Service::with(vec![templates::vllm("two", &upstream.url)]).await, &body).await
    };
    // Twice what we count; then a thousand times, which is no matter of tokens any more.
    for (said, expected) in [(2 * plain, 2 * plain), (1_000 * plain, 3 * plain)] {
        let upstream = Upstream::fixed(200, &[], counted(said)).await;
        let service = Service::with(vec![templates::vllm("two", &upstream.url)]).await;
        assert_eq!(count(&service, &body).await, plain);
        assert_eq!(service.message(body.clone()).await.status, 200);
        assert_eq!(count(&service, &body).await, expected);
        // Another model of the same provider has its own factor.
        assert_eq!(count(&service, &body.replace("\"m\"", "\"n\"")).await, plain);
    }
}
