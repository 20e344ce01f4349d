//! The translate lane: a caller of one dialect, a provider of another.

use legion_gateway::{Authorization, Dialect, KeySource, Provider};

use crate::support::{AGENT, Log, Service, Upstream, anthropic, error, events, request, until};

pub fn chat(name: &str, url: &str) -> Provider {
    Provider { dialect: Dialect::Chat, authorization: Authorization::Bearer(KeySource::Sealed), ..anthropic(name, url) }
}

/// A Chat answer of 20 prompt tokens, 12 of them from the cache, and 5 of output.
const CHAT: &str = r#"{"id":"c1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":20,"completion_tokens":5,"total_tokens":25,"prompt_tokens_details":{"cached_tokens":12}}}"#;

pub fn chunks() -> Vec<String> {
    let chunk = |choices: &str, rest: &str| {
        format!(
            "data: {{\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":{choices}{rest}}}\n\n"
        )
    };
    vec![
        chunk(r#"[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]"#, ""),
        chunk(r#"[{"index":0,"delta":{"content":"Hel"},"finish_reason":null}]"#, ""),
        chunk(r#"[{"index":0,"delta":{"content":"lo"},"finish_reason":null}]"#, ""),
        chunk(r#"[{"index":0,"delta":{},"finish_reason":"stop"}]"#, ""),
        chunk(
            "[]",
            r#","usage":{"prompt_tokens":20,"completion_tokens":5,"total_tokens":25,"prompt_tokens_details":{"cached_tokens":12}}"#,
        ),
        "data: [DONE]\n\n".to_owned(),
    ]
}

#[tokio::test]
async fn an_anthropic_caller_is_answered_by_a_chat_provider() {
    let upstream = Upstream::streaming(chunks()).await;
    let service = Service::with(vec![chat("one", &upstream.url)]).await;
    let headers = [("x-api-key", AGENT), ("anthropic-beta", "b"), ("x-claude-code-session-id", "s-1")];
    let got = service.post("/gateway/anthropic/v1/messages", &headers, request("m", true)).await;
    let text = got.text();
    assert_eq!((got.status, got.header("content-type")), (200, Some("text/event-stream")));
    for part in ["event: message_start", "\"Hel\"", "\"lo\"", "end_turn", "event: message_stop"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let received = &upstream.requests()[0];
    assert_eq!(received.line, "POST /v1/chat/completions HTTP/1.1");
    assert_eq!(received.headers["authorization"], "Bearer canary-key-of-one");
    assert!(!received.headers.contains_key("anthropic-beta") && !received.headers.contains_key("x-api-key"));
    let body: serde_json::Value = serde_json::from_slice(&received.body).expect("JSON");
    assert_eq!((&body["model"], &body["stream"], body["messages"].is_array()), (&"m".into(), &true.into(), true));
    until("a settled call", || !service.books.calls().is_empty()).await;
    let call = &service.books.calls()[0];
    assert_eq!((call.usage.input, call.usage.cache_read, call.usage.output), (8, 12, 5));
    assert_eq!((call.outcome, call.estimated), ("done", false));
    assert!(got.header("legion-gateway-warnings").is_some_and(|all| all.contains("zz_unknown")), "{:?}", got.headers);
}

#[tokio::test]
async fn what_is_lost_in_the_middle_of_a_stream_is_named_in_the_trace() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    // The runtime of this test has one thread: all of its tasks log here.
    let _log = tracing::subscriber::set_default(subscriber);
    let citation = r#"{"type":"content_block_delta","index":0,"delta":{"type":"citations_delta","citation":{"type":"char_location","cited_text":"x","document_index":0,"start_char_index":0,"end_char_index":1}}}"#;
    let mut all = events();
    all.insert(3, format!("event: content_block_delta\ndata: {citation}\n\n"));
    let upstream = Upstream::streaming(all).await;
    let service = Service::start(&[("one", &upstream)]).await;
    let headers = [("authorization", "Bearer lgn_agent_a1"), ("x-session-id", "s-1")];
    let body = r#"{"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]}"#;
    let got = service.post("/gateway/openai/v1/chat/completions", &headers, body).await;
    assert!(got.text().ends_with("data: [DONE]\n\n"), "{}", got.text());
    until("a settled call", || !service.books.calls().is_empty()).await;
    let warnings = service.books.calls()[0].warnings.clone();
    let lost: Vec<&String> = warnings.iter().filter(|warning| warning.contains("citation")).collect();
    assert_eq!(lost.len(), 1, "{warnings:?}");
    // Headers had gone when it was lost.
    assert!(!got.header("legion-gateway-warnings").is_some_and(|all| all.contains("citation")), "{:?}", got.headers);
    let told = log.text();
    let line = told.lines().find(|line| line.contains("a call has ended")).unwrap_or_else(|| panic!("{told}"));
    for part in ["legion::calls", "a1", "s-1", "provider=one", "outcome=\"done\"", "status=200", lost[0]] {
        assert!(line.contains(part), "{part}: {line}");
    }
}

#[tokio::test]
async fn an_answer_in_one_piece_is_translated_in_one_piece() {
    let upstream = Upstream::fixed(200, &[], CHAT).await;
    let service = Service::with(vec![chat("one", &upstream.url)]).await;
    let got = service.message(request("m", false)).await;
    let body: serde_json::Value = serde_json::from_slice(&got.body).expect("JSON");
    assert_eq!(
        (got.status, &body["content"][0]["text"], &body["usage"]["input_tokens"]),
        (200, &"Hello".into(), &8.into())
    );
    let call = &service.books.calls()[0];
    assert_eq!((call.usage.input, call.usage.cache_read, call.outcome), (8, 12, "done"));
}

#[tokio::test]
async fn openai_callers_are_answered_by_an_anthropic_provider() {
    let upstream = Upstream::streaming(events()).await;
    let service = Service::start(&[("one", &upstream)]).await;
    let headers = [("authorization", "Bearer lgn_agent_a1")];
    let body = r#"{"model":"m","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"hi"}]}"#;
    let got = service.post("/gateway/openai/v1/chat/completions", &headers, body).await;
    assert!(got.text().contains("\"Hello\"") && got.text().ends_with("data: [DONE]\n\n"), "{}", got.text());
    let body = r#"{"model":"m","stream":true,"input":"hi"}"#;
    let got = service.post("/gateway/openai/v1/responses", &headers, body).await;
    assert!(
        got.text().contains("response.output_text.delta") && got.text().contains("response.completed"),
        "{}",
        got.text()
    );
    assert_eq!(upstream.requests()[0].headers["anthropic-version"], "2023-06-01");
    until("settled calls", || service.books.calls().len() == 2).await;
    assert!(service.books.calls().iter().all(|call| call.usage.input == 11 && call.usage.output == 7));
}

#[tokio::test]
async fn errors_and_cuts_reach_the_caller_in_its_own_dialect() {
    let refused = Upstream::fixed(
        429,
        &[("retry-after", "7")],
        r#"{"error":{"message":"slow down","type":"requests","code":"rate_limit_exceeded"}}"#,
    )
    .await;
    let service = Service::with(vec![chat("one", &refused.url)]).await;
    let got = service.message(request("m", true)).await;
    assert_eq!((got.status, got.header("retry-after")), (429, Some("7")));
    assert!(got.text().contains("rate_limit_error") && got.text().contains("slow down"), "{}", got.text());
    let cut = Upstream::streaming(chunks()[..2].to_vec()).await;
    let service = Service::with(vec![chat("one", &cut.url)]).await;
    let got = service.message(request("m", true)).await;
    assert!(got.text().contains("\"Hel\"") && got.text().contains("event: error"), "{}", got.text());
    let call = &service.books.calls()[0];
    assert!(call.estimated && matches!(call.outcome, "cut" | "failed"), "{call:?}");
}

#[tokio::test]
async fn a_failover_may_lead_to_another_dialect() {
    let bad = Upstream::fixed(529, &[], error("overloaded_error", "no")).await;
    let good = Upstream::streaming(chunks()).await;
    let service = Service::with(vec![anthropic("bad", &bad.url), chat("good", &good.url)]).await;
    let got = service.message(request("m", true)).await;
    assert!(got.text().contains("event: message_stop"), "{}", got.text());
    assert_eq!(got.header("legion-route"), Some("good/m"));
}

#[tokio::test]
async fn a_stream_of_chat_without_numbers_although_asked_is_settled_as_an_estimate() {
    let silent: Vec<String> = chunks().into_iter().filter(|chunk| !chunk.contains("usage")).collect();
    let upstream = Upstream::streaming(silent).await;
    let service = Service::with(vec![chat("one", &upstream.url)]).await;
    let chat_body = r#"{"model":"m","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"hi there, how are you"}]}"#;
    let chat_headers = [("authorization", "Bearer lgn_agent_a1")];
    let got = service.message(request("m", true)).await;
    assert!(got.text().contains("event: message_stop"), "{}", got.text());
    let got = service.post("/gateway/openai/v1/chat/completions", &chat_headers, chat_body).await;
    assert!(got.text().ends_with("data: [DONE]\n\n"), "{}", got.text());
    until("both calls are settled", || service.books.calls().len() == 2).await;
    for (call, sent) in service.books.calls().iter().zip(upstream.requests()) {
        let body: serde_json::Value = serde_json::from_slice(&sent.body).expect("JSON");
        assert_eq!(body["stream_options"]["include_usage"], true, "the provider was not asked for its numbers");
        assert_eq!((call.outcome, call.estimated, call.status), ("done", true, 200), "{call:?}");
        assert!(call.usage.input > 0 && call.usage.output > 0, "{:?}", call.usage);
        // Its price is known: the estimate costs something, and the budget is charged as much.
        assert!(call.cost_nanos.is_some_and(|cost| cost > 0 && cost == call.charged_nanos), "{call:?}");
    }
}
