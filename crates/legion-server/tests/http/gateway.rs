//! What is set up for model calls: providers, routes, budgets. For the person, and done once under each key.

use http::Method;
use legion_api::paths;
use serde_json::{Value, json};

use crate::support::{Ask, Bench, SLEEPER, gateway_bench, nobody};

/// The variable that is there, and what is in it.
const VARIABLE: &str = "UPSTREAM_KEY";
const KEY: &str = "upstream-key-canary";

async fn bench() -> Bench {
    gateway_bench(&[(VARIABLE, KEY)]).await
}

fn put(bench: &Bench, path: &str, body: &Value) -> Ask {
    bench.ask(Method::PUT, path).json(body)
}

fn provider(name: &str) -> String {
    paths::PROVIDER.replace("{id}", name)
}

fn anthropic(url: &str) -> Value {
    json!({ "format": "anthropic", "url": url, "key_env": VARIABLE })
}

/// Sends it twice under one key: the second time nothing happens, and the answer is the same.
async fn twice(bench: &Bench, ask: impl Fn() -> Ask, key: &str, status: u16) -> Value {
    let first = ask().key(key).expect(status).await;
    let before = bench.position().await;
    assert_eq!(ask().key(key).expect(status).await, first, "{key}");
    assert_eq!(bench.position().await, before, "{key}: nothing happened the second time");
    first
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_is_set_shown_and_removed_and_its_key_is_never_told() {
    let bench = bench().await;
    let near = "http://127.0.0.1:9/";
    let set = twice(&bench, || put(&bench, &provider("near"), &anthropic(near)), "set", 200).await;
    assert_eq!((&set["name"], &set["format"], &set["key"]), (&json!("near"), &json!("anthropic"), &json!("env")));
    assert_eq!((&set["url"], &set["key_env"]), (&json!("http://127.0.0.1:9"), &json!(VARIABLE)));
    assert_eq!((&set["key_present"], &set["usable"]), (&json!(true), &json!(true)), "{set}");
    put(&bench, &provider("other"), &anthropic(near)).key("set").refused("LEG0007").await;

    // One whose variable is not there, one whose format is not spoken yet, one whose key is kept here.
    let absent = json!({ "format": "openai_chat", "url": near, "key_env": "NOT_THERE" });
    let absent = put(&bench, &provider("absent"), &absent).expect(200).await;
    assert_eq!((&absent["key_present"], &absent["format"]), (&json!(false), &json!("openai-chat")), "{absent}");
    let copilot = json!({ "format": "github_copilot", "url": "https://copilot.example" });
    let copilot = put(&bench, &provider("copilot"), &copilot).expect(200).await;
    assert_eq!(copilot["usable"], json!(false), "{copilot}");
    let sealed = json!({ "template": "openrouter", "key": "sealed-key-canary", "models": ["a/b"] });
    let sealed = twice(&bench, || put(&bench, &provider("sealed"), &sealed), "sealed", 200).await;
    assert_eq!((&sealed["key"], &sealed["key_present"]), (&json!("sealed"), &json!(true)), "{sealed}");
    let list = bench.get(paths::PROVIDERS).expect(200).await;
    let names: Vec<&str> =
        list["providers"].as_array().expect("a list").iter().filter_map(|known| known["name"].as_str()).collect();
    assert_eq!(names, ["absent", "copilot", "near", "sealed"]);
    let events =
        format!("{:?}", legion_store::Log::read_all(&bench.log, 0, usize::MAX).await.expect("the log is open"));
    for canary in [KEY, "sealed-key-canary"] {
        assert!(!list.to_string().contains(canary) && !events.contains(canary), "{canary} is told");
    }
    let models = bench.get(paths::MODELS).expect(200).await;
    assert_eq!(models["models"].as_array().map(Vec::len), Some(1), "{models}");
    assert_eq!((&models["models"][0]["provider"], &models["models"][0]["model"]), (&json!("sealed"), &json!("a/b")));

    // Nobody answers there, which is an answer; a format that is not spoken cannot be tried.
    let test = |name: &str| bench.ask(Method::POST, paths::PROVIDER_TEST.replace("{id}", name));
    let tried = test("near").expect(200).await;
    assert!(tried["ok"] == json!(false) && tried["error"].is_string(), "{tried}");
    assert!(!tried.to_string().contains(KEY), "{tried}");
    test("copilot").refused("LEG0001").await;
    test("nobody").refused("LEG0005").await;

    let remove = |name: &str| bench.ask(Method::DELETE, provider(name));
    // A key that is replaced by another way lies nowhere any more.
    let keys = || std::fs::read_to_string(bench.dir("data/gateway/keys.json")).unwrap_or_default();
    assert!(keys().contains("sealed-key-canary"), "the control: it lies there");
    put(&bench, &provider("sealed"), &anthropic(near)).expect(200).await;
    assert!(!keys().contains("sealed-key-canary"), "{}", keys());

    twice(&bench, || remove("sealed"), "remove", 204).await;
    remove("sealed").refused("LEG0005").await;
    let back = put(&bench, &provider("sealed"), &json!({ "template": "ollama" })).expect(200).await;
    assert_eq!(back["key"], json!("none"), "its key went with it: {back}");
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_provider_is_refused_with_the_reason_and_leaves_nothing() {
    let bench = bench().await;
    let before = bench.position().await;
    let url = "https://llm.example/v1";
    for (name, body, why) in [
        ("p", json!({ "url": url }), "format"),
        ("p", json!({ "format": "anthropic" }), "URL"),
        ("p", json!({ "format": "telepathy", "url": url }), "telepathy"),
        ("p", json!({ "template": "telepathy" }), "telepathy"),
        ("p", json!({ "template": "openrouter" }), "needs a key"),
        ("p", json!({ "format": "anthropic", "url": "llm.example" }), "https://"),
        ("p", json!({ "format": "anthropic", "url": "http://llm.example", "key": "k" }), "encryption"),
        ("p", json!({ "format": "anthropic", "url": "https://user:word@llm.example" }), "password"),
        ("p", json!({ "format": "anthropic", "url": url, "key": "k", "key_env": "K" }), "one key"),
        ("p", json!({ "format": "anthropic", "url": url, "key": "two words" }), "key"),
        ("p", json!({ "format": "anthropic", "url": url, "key": " " }), "key"),
        ("p", json!({ "format": "anthropic", "url": url, "key_env": "sk-a-key-itself" }), "variable"),
        ("p", json!({ "format": "anthropic", "url": url, "headers": { "authorization": "x" } }), "authorization"),
        ("p", json!({ "format": "anthropic", "url": url, "wrong": 1 }), "wrong"),
        ("P!", json!({ "format": "anthropic", "url": url }), "P!"),
    ] {
        let path = provider(&name.replace('!', "%21"));
        let problem = put(&bench, &path, &body).refused("LEG0001").await;
        let said = format!("{} {}", problem["detail"], problem["hint"]);
        assert!(said.contains(why), "{body}: {said}");
        assert!(!said.contains("sk-a-key-itself") && !said.contains("two words"), "a key is repeated: {said}");
    }
    assert_eq!(bench.position().await, before, "nothing was set");
    assert_eq!(bench.get(paths::PROVIDERS).expect(200).await["providers"], json!([]));
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_matrix_of_routes_is_set_shown_and_removed() {
    let bench = bench().await;
    for name in ["a", "b"] {
        put(&bench, &provider(name), &anthropic("http://127.0.0.1:9")).expect(200).await;
    }
    let worker = bench.worker("ann", None).await;
    let default = json!({ "for": {}, "to": "a/m", "fallbacks": ["b"] });
    let set = twice(&bench, || put(&bench, paths::ROUTES, &default), "default", 200).await;
    assert_eq!((&set["to"], &set["fallbacks"]), (&json!("a/m"), &json!(["b"])), "{set}");
    for who in [
        json!({ "worker": "claude" }),
        json!({ "role": "qa", "sub_agents": true }),
        json!({ "agent": "ann", "asked": "claude-*" }),
    ] {
        put(&bench, paths::ROUTES, &json!({ "for": who, "to": "b" })).expect(200).await;
    }
    let routes = bench.get(paths::ROUTES).expect(200).await["routes"].as_array().expect("a list").clone();
    assert_eq!(routes.len(), 4, "{routes:?}");
    assert!(routes.iter().any(|route| route["for"]["agent"] == json!(worker.id)), "{routes:?}");

    let before = bench.position().await;
    for (body, code) in [
        (json!({ "for": {}, "to": "c/m" }), "LEG0005"),
        (json!({ "for": {}, "to": "a/" }), "LEG0001"),
        (json!({ "for": {}, "to": "a", "fallbacks": ["a"] }), "LEG0001"),
        (json!({ "for": { "role": "qa", "worker": "claude" }, "to": "a" }), "LEG0001"),
        (json!({ "for": { "worker": "pigeon" }, "to": "a" }), "LEG0001"),
        (json!({ "for": { "agent": nobody() }, "to": "a" }), "LEG0005"),
        (json!({ "for": { "planet": "mars" }, "to": "a" }), "LEG0001"),
        (json!({ "to": "a" }), "LEG0001"),
    ] {
        put(&bench, paths::ROUTES, &body).refused(code).await;
    }
    bench.ask(Method::DELETE, provider("a")).refused("LEG0006").await;
    assert_eq!(bench.position().await, before, "nothing was set");

    twice(&bench, || bench.post(paths::ROUTES_REMOVE, &json!({})), "remove", 204).await;
    bench.post(paths::ROUTES_REMOVE, &json!({})).refused("LEG0005").await;
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn budgets_are_set_shown_by_name_and_removed() {
    let bench = bench().await;
    let worker = bench.worker("ann", None).await;
    let budget = |scope: &str, name: Option<&str>, limit: &str| match name {
        Some(name) => json!({ "for": { "scope": scope, "name": name }, "limit": limit }),
        None => json!({ "for": { "scope": scope }, "limit": limit }),
    };
    let day = budget("day", None, "20");
    twice(&bench, || put(&bench, paths::BUDGETS, &day), "day", 204).await;
    put(&bench, paths::BUDGETS, &budget("day", None, "21")).key("day").refused("LEG0007").await;
    for of in [budget("agent", Some("ann"), "0.25"), budget("call", None, "1"), budget("day", Some("2026-11-21"), "3")]
    {
        put(&bench, paths::BUDGETS, &of).expect(204).await;
    }
    let list = bench.get(paths::BUDGETS).expect(200).await;
    let of_ann = list["budgets"].as_array().expect("a list").iter().find(|line| line["for"]["scope"] == json!("agent"));
    let of_ann = of_ann.expect("ann's");
    assert_eq!((&of_ann["for"]["name"], &of_ann["agent_name"]), (&json!(worker.id), &json!("ann")), "{list}");
    assert_eq!((&of_ann["limit"], &of_ann["spent"]), (&json!(0.25), &json!(0.0)), "{list}");

    let before = bench.position().await;
    for (body, code) in [
        (budget("week", None, "1"), "LEG0001"),
        (budget("day", None, "-1"), "LEG0001"),
        (budget("day", None, "much"), "LEG0001"),
        (budget("day", None, "1e99"), "LEG0001"),
        (budget("day", Some("today"), "1"), "LEG0001"),
        (budget("run", Some("x"), "1"), "LEG0001"),
        (budget("call", Some("x"), "1"), "LEG0001"),
        (budget("agent", Some("nobody"), "1"), "LEG0005"),
        (budget("ticket", Some("many"), "1"), "LEG0001"),
        (json!({ "for": { "scope": "day" } }), "LEG0001"),
    ] {
        put(&bench, paths::BUDGETS, &body).refused(code).await;
    }
    for (body, code) in [
        (json!({ "spent": "a lot" }), "LEG0001"),
        (json!({ "spent": "1" }), "LEG0006"),
        (json!({ "spent": "1", "allowance": "x" }), "LEG0001"),
        (json!({ "spent": "1", "allowance": nobody() }), "LEG0005"),
    ] {
        bench.post(paths::BUDGETS_RECONCILE, &body).refused(code).await;
    }
    assert_eq!(bench.position().await, before, "nothing was set");
    let none = bench.post(paths::BUDGETS_RECONCILE, &json!({ "spent": "0" })).expect(200).await;
    assert_eq!(none, json!({ "allowances": [] }));

    let ann = json!({ "scope": "agent", "name": "ann" });
    twice(&bench, || bench.post(paths::BUDGETS_REMOVE, &ann), "remove", 204).await;
    let gone = bench.post(paths::BUDGETS_REMOVE, &ann).refused("LEG0005").await;
    assert!(gone["detail"].as_str().is_some_and(|text| text.contains("`agent=ann`")), "{gone}");
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_sets_up_nothing_and_sees_nothing_of_it() {
    let bench = bench().await;
    put(&bench, &provider("p"), &anthropic("http://127.0.0.1:9")).expect(200).await;
    let worker = bench.worker("ann", None).await;
    let before = bench.position().await;
    let route = json!({ "for": {}, "to": "p" });
    let budget = json!({ "for": { "scope": "day" }, "limit": "1" });
    for ask in [
        bench.get(paths::PROVIDERS),
        bench.get(paths::MODELS),
        bench.get(paths::PRICES),
        bench.post(paths::PRICES_UPDATE, &json!({})),
        bench.get(paths::ROUTES),
        bench.get(paths::BUDGETS),
        bench.get(paths::COST),
        bench.get(paths::CASSETTES),
        put(&bench, &provider("mine"), &anthropic("http://127.0.0.1:9")),
        bench.ask(Method::DELETE, provider("p")),
        bench.ask(Method::POST, paths::PROVIDER_TEST.replace("{id}", "p")),
        put(&bench, paths::ROUTES, &route),
        bench.post(paths::ROUTES_REMOVE, &json!({})),
        put(&bench, paths::BUDGETS, &budget),
        bench.post(paths::BUDGETS_REMOVE, &json!({ "scope": "day" })),
        bench.post(paths::BUDGETS_RECONCILE, &json!({ "spent": "0" })),
        put(&bench, paths::CASSETTES, &json!({ "mode": "off" })),
    ] {
        ask.by(&worker).refused("LEG0003").await;
    }
    assert_eq!(bench.position().await, before, "nothing was set");
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_gateway_what_needs_one_says_so() {
    let bench = crate::support::bench().await;
    bench.hire("idle", SLEEPER).expect(201).await;
    put(&bench, &provider("p"), &anthropic("http://127.0.0.1:9")).refused("LEG0006").await;
    for path in [paths::MODELS, paths::PRICES, paths::CASSETTES, paths::GATEWAY_URL] {
        bench.get(path).refused("LEG0006").await;
    }
    bench.end().await;
}
