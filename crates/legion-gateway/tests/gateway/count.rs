//! Counting tokens.

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
