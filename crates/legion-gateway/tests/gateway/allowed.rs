//! An agent whose models are limited, and one who is nobody: refused before anything is sent on, and remembered.

use serde_json::json;

use crate::support::{AGENT, MESSAGE, Service, Upstream, request};

const MESSAGES: &str = "/gateway/anthropic/v1/messages";

#[tokio::test]
async fn a_model_outside_of_the_limits_is_refused_in_every_dialect_and_reaches_no_provider() {
    let upstream = Upstream::fixed(200, &[], MESSAGE).await;
    let service = Service::start(&[("one", &upstream)]).await;
    service.books.lock().models = Some(["m".to_owned()].into());
    let body = |model: &str| json!({ "model": model, "max_tokens": 9, "messages": [], "input": [] }).to_string();
    let twice = r#"{"model":"n","max_tokens":9,"messages":[],"model":"m"}"#.to_owned();
    let list = r#"{"model":"m","models":["n"],"max_tokens":9,"messages":[]}"#.to_owned();
    for (path, body) in [
        (MESSAGES, body("n")),
        (MESSAGES, body("")),
        // Whoever names a provider would choose it.
        (MESSAGES, body("one/m")),
        (MESSAGES, twice),
        (MESSAGES, list),
        ("/gateway/anthropic/v1/messages/count_tokens", body("n")),
        ("/gateway/openai/v1/chat/completions", body("n")),
        ("/gateway/openai/v1/responses", body("n")),
        ("/gateway/lgn_agent_a1/anthropic/v1/messages/", body("n")),
    ] {
        let before = service.books.lock().refused.len();
        let got = service.post(path, &[("x-api-key", AGENT)], body.clone()).await;
        assert_eq!(got.status, 403, "{path} {body}: {}", got.text());
        assert!(got.text().contains("may use") || got.text().contains("names one model"), "{}", got.text());
        assert_eq!(got.header("x-should-retry"), Some("false"));
        let refused = service.books.lock().refused.clone();
        assert_eq!(refused.len(), before + 1, "{refused:?}");
        let last = &refused[before];
        assert!(last.starts_with("a1 POST /gateway/") && !last.contains("lgn_"), "{last}");
    }
    assert_eq!(upstream.count(), 0, "a provider was asked");
    assert_eq!(service.books.lock().asked, 0, "money was set aside");
    let got = service.message(request("m", false)).await;
    assert_eq!(got.status, 200, "{}", got.text());
    assert_eq!(upstream.count(), 1);
}

#[tokio::test]
async fn a_token_that_opens_nothing_is_refused_and_remembered() {
    let upstream = Upstream::fixed(200, &[], MESSAGE).await;
    let service = Service::start(&[("one", &upstream)]).await;
    for (headers, by) in [(&[][..], "nobody"), (&[("x-api-key", "lgn_else")][..], "lgn_else")] {
        let got = service.post(MESSAGES, headers, request("m", false)).await;
        assert_eq!(got.status, 401, "{}", got.text());
        let last = service.books.lock().refused.last().cloned().expect("remembered");
        assert!(last.starts_with(&format!("{by} POST {MESSAGES}: this token opens nothing")), "{last}");
    }
    assert_eq!(upstream.count(), 0);
}
