//! Thoughts go back to the upstream that signed them, and to no other.

use legion_gateway::{Betas, Settings};
use serde_json::{Value, json};

use crate::support::{AGENT, Got, MESSAGE, Service, Upstream, error};

const PATH: &str = "/gateway/anthropic/v1/messages";

fn said(text: &str) -> Value {
    json!({ "role": "user", "content": text })
}

fn thought(signature: &str) -> Value {
    let thinking = json!({ "type": "thinking", "thinking": "hm", "signature": signature });
    json!({ "role": "assistant", "content": [thinking, { "type": "text", "text": "so" }] })
}

async fn call(service: &Service, agent: Option<&str>, messages: &[Value]) -> Got {
    let body = json!({ "model": "m", "max_tokens": 2_000, "thinking": { "type": "enabled", "budget_tokens": 1_024 }, "messages": messages });
    let mut headers = vec![("x-api-key", AGENT), ("x-claude-code-session-id", "s-1")];
    headers.extend(agent.map(|agent| ("x-claude-code-agent-id", agent)));
    service.post(PATH, &headers, body.to_string()).await
}

fn last(upstream: &Upstream) -> String {
    upstream.requests().last().expect("it was asked").text()
}

/// The second provider only speaks like Anthropic.
async fn two(first: u16) -> (Service, Upstream, Upstream) {
    let body = if first == 200 { MESSAGE.to_owned() } else { error("overloaded_error", "full") };
    let one = Upstream::fixed(first, &[], body).await;
    let two = Upstream::fixed(200, &[], MESSAGE).await;
    let service = Service::start(&[("one", &one), ("two", &two)]).await;
    service.books.change(|settings| settings.providers.get_mut("two").expect("there").betas = Betas::Drop);
    (service, one, two)
}

fn lead_to(service: &Service, provider: &str) {
    let provider = provider.to_owned();
    service.books.change(move |settings: &mut Settings| settings.routes[0].target.provider = provider);
}

#[tokio::test]
async fn a_conversation_that_changes_its_upstream_takes_no_foreign_signature_along() {
    let (service, one, two) = two(200).await;
    assert_eq!(call(&service, None, &[said("a")]).await.status, 200);
    lead_to(&service, "two");
    let mut history = vec![said("a"), thought("sig-of-one"), said("b")];
    let got = call(&service, None, &history).await;
    assert!(!last(&two).contains("sig-of-one") && last(&two).contains("so"), "{}", last(&two));
    assert!(got.header("legion-gateway-warnings").is_some(), "{:?}", got.headers);
    // What it made itself since then comes back to it.
    history.extend([thought("sig-of-two"), said("c")]);
    call(&service, None, &history).await;
    assert!(!last(&two).contains("sig-of-one") && last(&two).contains("sig-of-two"), "{}", last(&two));
    // A sub-agent's calls, and those that do not think, change nothing.
    lead_to(&service, "one");
    call(&service, Some("sub"), &[said("x")]).await;
    service.message(crate::support::request("m", false)).await;
    lead_to(&service, "two");
    call(&service, None, &history).await;
    assert!(last(&two).contains("sig-of-two"), "{}", last(&two));
    // And back: neither of them is known to be its own any more.
    lead_to(&service, "one");
    call(&service, None, &history).await;
    assert!(!last(&one).contains("sig-of"), "{}", last(&one));
}

#[tokio::test]
async fn a_fallback_gets_no_signature_of_the_provider_in_whose_place_it_answers() {
    let (service, one, two) = two(529).await;
    let history = [said("a"), thought("sig-of-one"), said("b")];
    assert_eq!(call(&service, None, &history).await.status, 200);
    assert!(last(&one).contains("sig-of-one") && !last(&two).contains("sig-of-one"), "{}", last(&two));
}

#[tokio::test]
async fn another_account_at_anthropic_takes_what_anthropic_signed() {
    let (service, _, two) = two(529).await;
    service.books.change(|settings| settings.providers.get_mut("two").expect("there").betas = Betas::Forward);
    call(&service, None, &[said("a")]).await;
    call(&service, None, &[said("a"), thought("sig-of-anthropic"), said("b")]).await;
    assert!(last(&two).contains("sig-of-anthropic"), "{}", last(&two));
}
