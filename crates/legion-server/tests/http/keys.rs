//! Idempotency keys: what is repeated is done once, and answered as before.

use http::Method;
use legion_api::paths;
use serde_json::json;

use crate::support::{Ask, SLEEPER, bench};

/// Sends a request twice under one key. The second time nothing happens, and the answer is the same.
async fn twice(bench: &crate::support::Bench, ask: impl Fn() -> Ask, key: &str, status: u16) -> serde_json::Value {
    let first = ask().key(key).expect(status).await;
    let before = bench.position().await;
    let second = ask().key(key).expect(status).await;
    assert_eq!(first, second);
    assert_eq!(bench.position().await, before, "nothing happened the second time");
    first
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_is_done_once_under_its_key() {
    let bench = bench().await;
    // An agent that does nothing by itself, so that only the calls move the log.
    let worker = bench.worker("worker", None).await;
    let agent = |path: &str| format!("/v1/org/agents/worker{path}");

    let told = twice(&bench, || bench.post(agent("/messages"), &json!({ "text": "a" })), "tell", 201).await;
    assert_eq!((&told["to"], &told["state"]), (&json!(worker.id), &json!("accepted")));
    bench.post(agent("/messages"), &json!({ "text": "b" })).key("tell").refused("LEG0007").await;
    bench.post("/v1/org/agents/root/messages", &json!({ "text": "a" })).key("tell").refused("LEG0007").await;
    // Another caller has keys of its own.
    bench.post("/v1/org/agents/root/messages", &json!({ "text": "a" })).by(&worker).key("tell").expect(201).await;

    let acked = twice(&bench, || bench.post(paths::INBOX_ACK, &json!({})), "ack", 200).await;
    assert_eq!(acked, json!({ "acked": 1 }));
    let down = bench.ask(Method::POST, paths::INTERRUPT_ALL).key("all").expect(200).await;
    assert_eq!(down, json!({ "interrupted": [worker.id] }));
    assert_eq!(bench.ask(Method::POST, paths::INTERRUPT_ALL).key("all").expect(200).await, down);
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hire_and_its_fire_are_repeated_after_the_agent_is_gone() {
    let bench = bench().await;
    let boss = bench.worker("boss", None).await;
    let mut hire = bench.hiring("new", SLEEPER);
    hire["parent"] = json!("boss");
    let first = bench.post(paths::AGENTS, &hire).key("hire").expect(201).await;
    assert_eq!(bench.post(paths::AGENTS, &hire).key("hire").expect(201).await, first);
    // The layout of the body does not matter, its content does.
    let laid_out = serde_json::to_string_pretty(&hire).expect("JSON");
    let repeated = bench.ask(Method::POST, paths::AGENTS).body("application/json", laid_out).key("hire");
    assert_eq!(repeated.expect(201).await, first);
    hire["task"] = json!("something else");
    bench.post(paths::AGENTS, &hire).key("hire").refused("LEG0007").await;
    hire["task"] = json!("do it");

    let fire = || bench.ask(Method::DELETE, "/v1/org/agents/new").key("fire");
    let fired = fire().expect(200).await;
    assert_eq!(fired, json!({ "fired": [first["id"]], "kept": [], "ended": true }));
    assert_eq!(fire().expect(200).await, fired);
    bench.ask(Method::DELETE, "/v1/org/agents/new?keep_reports=true").key("fire").refused("LEG0007").await;

    // The hire is answered as it was, although neither agent nor parent are there any more.
    bench.ask(Method::DELETE, format!("/v1/org/agents/{}", boss.id)).expect(200).await;
    let before = bench.position().await;
    assert_eq!(bench.post(paths::AGENTS, &hire).key("hire").expect(201).await, first);
    assert_eq!(bench.position().await, before);
    bench.post(paths::AGENTS, &hire).key("another").refused("LEG0005").await;
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_and_a_backup_are_repeated() {
    let bench = bench().await;
    let worker = bench.worker("worker", None).await;
    let interrupt = || bench.post("/v1/org/agents/worker/interrupt", &json!({ "text": "other" })).key("stop");
    let first = interrupt().expect(200).await;
    assert_eq!((&first["id"], &first["message"]["text"]), (&json!(worker.id), &json!("other")));
    let second = interrupt().expect(200).await;
    assert_eq!(
        (&first["id"], &first["run"], &first["message"]["id"]),
        (&second["id"], &second["run"], &second["message"]["id"])
    );

    let backup = || bench.post(paths::SERVICE_BACKUP, &json!({ "path": bench.dir("copy") })).key("copy");
    let written = backup().expect(200).await;
    assert_eq!(written, json!({ "path": bench.dir("copy"), "bytes": 4, "position": 7 }));
    assert_eq!(backup().expect(200).await, written);
    bench.post(paths::SERVICE_BACKUP, &json!({ "path": bench.dir("copy") })).key("new").refused("LEG0006").await;
    bench.post(paths::SERVICE_BACKUP, &json!({ "path": bench.dir("copy2") })).key("copy").refused("LEG0007").await;
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_none_is_refused() {
    let bench = bench().await;
    for key in ["", "with space", &"k".repeat(129)] {
        bench.hire("new", "cat").key(key).refused("LEG0001").await;
    }
    bench.hire("new", "cat").key(&"k".repeat(128)).expect(201).await;
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_at_once_under_one_key_are_one() {
    let bench = bench().await;
    bench.worker("first", None).await;
    let hire = || bench.hire("new", SLEEPER).key("same").expect(201);
    let (a, b, c) = tokio::join!(hire(), hire(), hire());
    assert!(a == b && b == c, "{a} {b} {c}");
    let listed = bench.get(paths::AGENTS).expect(200).await;
    assert_eq!(listed["agents"].as_array().expect("a list").len(), 2);
    bench.end().await;
}
