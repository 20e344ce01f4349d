//! Lists of models, and the paths beside calls.

use crate::support::{AGENT, MESSAGE, Service, Upstream};

#[tokio::test]
async fn models_are_listed_in_both_forms() {
    let upstream = Upstream::fixed(200, &[], MESSAGE).await;
    let service = Service::start(&[("one", &upstream), ("two", &upstream)]).await;
    for path in ["anthropic/v1/models", "openai/v1/models"] {
        let got = service.get(&format!("/gateway/{path}")).await;
        let body: serde_json::Value = serde_json::from_slice(&got.body).expect("JSON");
        let ids: Vec<&str> =
            body["data"].as_array().expect("a list").iter().filter_map(|model| model["id"].as_str()).collect();
        assert_eq!(ids, ["one/m", "two/m"], "{path}");
        let one = service.get(&format!("/gateway/{AGENT}/{path}/one/m")).await;
        assert_eq!((one.status, one.text().contains("one/m")), (200, true));
        assert_eq!(service.get(&format!("/gateway/{path}/three/m")).await.status, 404);
    }
    assert_eq!(service.get("/gateway/anthropic/v1/messages").await.status, 501, "GET is not what it takes");
    assert_eq!(service.get(&format!("/gateway/{AGENT}/anthropic")).await.status, 200);
    assert_eq!(service.get("/gateway/somewhere").await.status, 404);
    assert_eq!(upstream.count(), 0);
}

#[tokio::test]
async fn a_provider_is_tested_by_its_list_of_models() {
    let upstream = Upstream::fixed(200, &[], r#"{"data":[{"id":"m-1"},{"id":"m-2"}]}"#).await;
    let service = Service::start(&[("one", &upstream)]).await;
    let provider = service.books.lock().settings.providers["one"].clone();
    assert_eq!(service.gateway.test(&provider).await.expect("works").models, ["m-1", "m-2"]);
    assert_eq!(upstream.requests()[0].line, "GET /v1/models HTTP/1.1");
    let bad =
        Upstream::fixed(401, &[], crate::support::error("authentication_error", "canary-key-of-one is wrong")).await;
    let provider = crate::support::anthropic("one", &bad.url);
    let moved = provider.clone();
    service.books.change(move |settings| settings.providers.insert("one".to_owned(), moved).map_or((), drop));
    service.keep_key("one", "canary-key-of-one");
    let why = service.gateway.test(&provider).await.expect_err("refused");
    assert!(why.contains("401") && !why.contains("canary"), "{why}");
}
