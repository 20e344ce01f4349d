//! Model calls through the gateway, and what is told of them: addresses, costs, cassettes.

use http::Method;
use legion_api::paths;
use legion_testkit::ModelServer;
use serde_json::{Value, json};

use crate::support::{Bench, GATEWAY, PERSON, gateway_bench};

const MESSAGES: &str = "/gateway/anthropic/v1/messages";

/// A service whose only provider is a scripted one.
async fn bench() -> (Bench, ModelServer) {
    let model = ModelServer::start().await;
    let bench = gateway_bench(&[("UPSTREAM_KEY", "upstream-key")]).await;
    let provider = json!({ "format": "anthropic", "url": model.url(), "key_env": "UPSTREAM_KEY" });
    bench.ask(Method::PUT, "/v1/providers/upstream").json(&provider).expect(200).await;
    (bench, model)
}

fn question(words: &str) -> Value {
    json!({ "model": "claude-sonnet-4-5", "max_tokens": 64, "messages": [{ "role": "user", "content": words }] })
}

#[tokio::test(flavor = "multi_thread")]
async fn everyone_gets_an_address_with_a_token_of_its_own() {
    let (bench, _model) = bench().await;
    let url = |agent: &str| bench.get(format!("{}{agent}", paths::GATEWAY_URL));
    let (ann, bob) = (bench.worker("ann", None).await, bench.worker("bob", None).await);
    let own = url("").expect(200).await;
    assert_eq!(own["anthropic"], json!(format!("{GATEWAY}/gateway/{PERSON}/anthropic")));
    assert_eq!(own["openai"], json!(format!("{GATEWAY}/gateway/{PERSON}/openai/v1")));
    let of_ann = url("").by(&ann).expect(200).await;
    assert_eq!(of_ann["anthropic"], json!(format!("{GATEWAY}/gateway/{}/anthropic", ann.token)));
    assert_eq!(url("?agent=ann").expect(200).await, of_ann);
    assert_eq!(url("?agent=ann").by(&ann).expect(200).await, of_ann);
    // An agent gets no other's, not even by asking for the person's.
    url("?agent=bob").by(&ann).refused("LEG0003").await;
    url("?agent=nobody").refused("LEG0005").await;
    url("?of=ann").refused("LEG0001").await;
    let idle = bench.done("idle", "true").await;
    url(&format!("?agent={idle}")).refused("LEG0006").await;

    // The address in the path opens the gateway; a token of nobody does not.
    let path = of_ann["anthropic"].as_str().and_then(|url| url.strip_prefix(GATEWAY)).expect("ours").to_owned();
    bench.call(&format!("{path}/v1/messages"), &question("hello")).without("authorization").expect(200).await;
    let refused = bench.call(MESSAGES, &question("hello")).token("lgn_nobody").send().await;
    assert_eq!((refused.status, refused.json()["error"]["type"].as_str()), (401, Some("authentication_error")));
    drop(bob);
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_calls_cost_is_told_by_agent_model_and_day() {
    let (bench, model) = bench().await;
    let ann = bench.worker("ann", None).await;
    for _ in 0..3 {
        bench.call(MESSAGES, &question("hello")).token(&ann.token).expect(200).await;
    }
    bench.call(MESSAGES, &question("hello")).expect(200).await;
    assert_eq!(model.requests().len(), 4);
    let cost = |by: &str| bench.get(format!("{}?by={by}", paths::COST));
    let by_agent = bench.get(paths::COST).expect(200).await;
    let line = &by_agent["lines"][0];
    assert_eq!((&by_agent["by"], &line["name"], &line["id"]), (&json!("agent"), &json!("ann"), &json!(ann.id)));
    assert_eq!((&line["calls"], &by_agent["total"]["calls"]), (&json!(3), &json!(4)), "{by_agent}");
    let nanos = line["cost_nanos"].as_u64().expect("a cost");
    assert!(nanos > 0 && by_agent["total"]["cost_nanos"] == json!(nanos / 3 * 4), "{by_agent}");
    let by_model = cost("model").expect(200).await;
    assert_eq!(by_model["lines"][0]["name"], json!("upstream/claude-sonnet-4-5"), "{by_model}");
    for by in ["model", "day"] {
        let told = cost(by).expect(200).await;
        assert_eq!(told["lines"][0]["cost_nanos"], by_agent["total"]["cost_nanos"], "{told}");
    }
    // What belongs to no line has one of its own: the lines add up.
    for (by, rest, calls) in [("agent", "(no agent)", 1), ("ticket", "(no ticket)", 4)] {
        let told = cost(by).expect(200).await;
        let line = told["lines"].as_array().and_then(|lines| lines.last()).expect("a line");
        assert_eq!((&line["name"], &line["id"], &line["calls"]), (&json!(rest), &Value::Null, &json!(calls)), "{told}");
    }
    cost("planet").refused("LEG0001").await;
    bench.get(format!("{}?of=x", paths::COST)).refused("LEG0001").await;
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_used_up_budget_refuses_the_next_call_and_calls_the_agent_by_its_name() {
    let (bench, model) = bench().await;
    let ann = bench.worker("ann", None).await;
    let budget = json!({ "for": { "scope": "agent", "name": "ann" }, "limit": "0.000000001" });
    bench.ask(Method::PUT, paths::BUDGETS).json(&budget).expect(204).await;
    bench.call(MESSAGES, &question("hello")).token(&ann.token).expect(200).await;
    let refused = bench.call(MESSAGES, &question("hello")).token(&ann.token).send().await;
    let error = refused.json();
    assert_eq!((refused.status, error["error"]["type"].as_str()), (429, Some("rate_limit_error")), "{error}");
    assert!(error["error"]["message"].as_str().is_some_and(|text| text.contains("the budget of agent ann")), "{error}");
    assert!(!refused.headers.contains_key("retry-after"), "{:?}", refused.headers);
    assert_eq!(model.requests().len(), 1, "no provider was asked");
    // The person is not under it.
    bench.call(MESSAGES, &question("hello")).expect(200).await;
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_anthropic_is_to_see_goes_to_no_other_provider_unless_the_person_says_so() {
    let (bench, model) = bench().await;
    let mut asked = question("hello");
    asked["system"] =
        json!([{ "type": "text", "text": "x-anthropic-billing-header: cch=1;" }, { "type": "text", "text": "s" }]);
    let mut provider = json!({ "format": "anthropic", "url": model.url(), "key_env": "UPSTREAM_KEY" });
    for (said, flags, billing) in [
        (None, None, false),
        (Some(json!(["*"])), Some("b-1,b-2"), true),
        (Some(json!(["b-2"])), Some("b-2"), false),
        (Some(json!([])), None, false),
    ] {
        if let Some(said) = &said {
            provider["betas"] = said.clone();
            bench.ask(Method::PUT, "/v1/providers/upstream").json(&provider).expect(200).await;
        }
        bench.call(MESSAGES, &asked).header("anthropic-beta", "b-1,b-2").expect(200).await;
        let requests = model.requests();
        let sent = requests.last().expect("it was asked");
        assert_eq!(sent.headers.get("anthropic-beta").map(|value| value.to_str().expect("text")), flags, "{said:?}");
        assert_eq!(String::from_utf8_lossy(&sent.raw).contains("billing-header"), billing, "{said:?}");
    }
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_that_legion_did_not_start_stand_under_the_days_budget() {
    let (bench, model) = bench().await;
    let urls = bench.get(paths::GATEWAY_URL).expect(200).await;
    let path =
        |dialect: &str| urls[dialect].as_str().and_then(|url| url.strip_prefix(GATEWAY)).expect("ours").to_owned();
    let budget = json!({ "for": { "scope": "day" }, "limit": "0.000000001" });
    bench.ask(Method::PUT, paths::BUDGETS).json(&budget).expect(204).await;
    let messages = format!("{}/v1/messages", path("anthropic"));
    bench.call(&messages, &question("hello")).without("authorization").expect(200).await;
    let completions = format!("{}/chat/completions", path("openai"));
    for path in [messages, completions] {
        let refused = bench.call(&path, &question("hello")).without("authorization").send().await;
        let error = refused.json();
        assert_eq!(refused.status, 429, "{path}: {error}");
        let words = error["error"]["message"].as_str().expect("words");
        assert!(words.starts_with("over budget: the budget of the day 20"), "{path}: {words}");
        assert!(!refused.headers.contains_key("retry-after"), "{path}: {:?}", refused.headers);
    }
    assert_eq!(model.requests().len(), 1, "no provider was asked");
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_are_recorded_and_answered_from_the_record() {
    let (bench, model) = bench().await;
    let set = |body: &Value| bench.ask(Method::PUT, paths::CASSETTES).json(body);
    let list = || bench.get(paths::CASSETTES);
    let nothing = list().expect(200).await;
    assert_eq!((&nothing["now"]["mode"], &nothing["cassettes"]), (&json!("off"), &json!([])));
    for (body, code) in [
        (json!({ "mode": "rewind" }), "LEG0001"),
        (json!({ "mode": "record" }), "LEG0001"),
        (json!({ "mode": "record", "name": "../x" }), "LEG0001"),
        (json!({ "mode": "replay", "name": "not-there" }), "LEG0005"),
        (json!({ "mode": "off", "speed": 2 }), "LEG0001"),
    ] {
        set(&body).refused(code).await;
    }
    let record = json!({ "mode": "record", "name": "one" });
    let first = set(&record).key("record").expect(200).await;
    assert_eq!((&first["mode"], &first["name"]), (&json!("record"), &json!("one")));
    let before = bench.position().await;
    assert_eq!(set(&record).key("record").expect(200).await, first);
    assert_eq!(bench.position().await, before);
    set(&json!({ "mode": "off" })).key("record").refused("LEG0007").await;

    let said = bench.call(MESSAGES, &question("what is said")).expect(200).await;
    let deadline = std::time::Instant::now() + crate::support::PATIENCE;
    while list().expect(200).await["cassettes"][0]["calls"] != json!(1) {
        assert!(std::time::Instant::now() < deadline, "it is never written");
        tokio::task::yield_now().await;
    }
    set(&json!({ "mode": "replay", "name": "one", "full_speed": true })).expect(200).await;
    let again = bench.call(MESSAGES, &question("what is said")).expect(200).await;
    assert_eq!(again["content"], said["content"]);
    assert_eq!(model.requests().len(), 1, "no provider was asked");
    let stranger = bench.call(MESSAGES, &question("something else")).send().await;
    assert!(stranger.status >= 400, "{}", stranger.text());
    set(&json!({ "mode": "off" })).expect(200).await;
    bench.call(MESSAGES, &question("something else")).expect(200).await;
    assert_eq!(model.requests().len(), 2);
    bench.end().await;
}
