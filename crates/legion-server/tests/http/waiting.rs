//! Waiting for runs, and for each other.

use std::time::Duration;

use http::Method;
use legion_model::Organisation;
use serde_json::json;

use crate::support::{Bench, PATIENCE, Worker, bench};

fn wait(id: &str, seconds: u64) -> String {
    format!("/v1/org/agents/{id}/wait?timeout_seconds={seconds}")
}

/// Waits until somebody waits, or nobody does.
async fn waits(bench: &Bench, worker: &Worker, some: bool) {
    let look = move |state: &Organisation| (state.waits.is_empty() != some).then_some(());
    bench.engine.until(worker.project, PATIENCE, look).await.expect("the engine lives").expect("the wait is seen");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_brings_the_result_of_the_run() {
    let bench = bench().await;
    let hired = bench.hire("counter", "sh -c 'wc -c; exit 3'").expect(201).await;
    let id = hired["id"].as_str().expect("an id").to_owned();
    let result = bench.get(wait(&id, 30)).expect(200).await;
    assert_eq!((&result["agent"], &result["number"], &result["outcome"]), (&json!(id), &json!(1), &json!("failed")));
    assert_eq!((&result["result"], &result["exit_code"], &result["cost_usd"]), (&json!("5"), &json!(3), &json!(null)));
    assert!(result["usage"]["input_tokens"].is_number() && result["ended_at"].is_string(), "{result}");
    // It is idle now: its last run is the answer, at once.
    assert_eq!(bench.get(wait("counter", 0)).expect(200).await, result);
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_says_when_the_run_goes_on_and_when_the_agent_was_fired() {
    let bench = bench().await;
    let worker = bench.worker("worker", None).await;
    for seconds in [0, 1] {
        assert_eq!(bench.get(wait("worker", seconds)).expect(204).await, json!(null));
    }
    let waiting = bench.get(wait("worker", 30)).send();
    let firing = bench.ask(Method::DELETE, "/v1/org/agents/worker").expect(200);
    let (waited, _) = tokio::join!(waiting, firing);
    waited.assert_problem("LEG0005", "a wait for an agent that is fired");
    assert!(waited.text().contains("was fired"), "{}", waited.text());
    drop(worker);
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_after_a_message_is_for_the_run_that_it_opens() {
    let bench = bench().await;
    let id = bench.done("echo", "cat").await;
    bench.post(format!("/v1/org/agents/{id}/messages"), &json!({ "text": "again" })).expect(201).await;
    let result = bench.get(wait(&id, 30)).expect(200).await;
    assert_eq!((&result["number"], &result["result"]), (&json!(2), &json!("again")));
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn agents_that_would_wait_for_each_other_are_told() {
    let bench = bench().await;
    let (a, b) = (bench.worker("a", None).await, bench.worker("b", None).await);
    let waiting = bench.get(wait("b", 30)).by(&a);
    let waiting = tokio::spawn(async move { waiting.send().await });
    waits(&bench, &a, true).await;
    let problem = bench.get(wait("a", 30)).by(&b).refused("LEG0011").await;
    assert!(problem["detail"].as_str().is_some_and(|text| text.contains("b waits for a waits for b")), "{problem}");
    let inbox = bench.get("/v1/org/inbox").expect(200).await;
    assert!(inbox["messages"][0]["text"].as_str().is_some_and(|text| text.starts_with("Deadlock")), "{inbox}");

    // The caller hangs up: it waits no longer, and the other one may.
    waiting.abort();
    waits(&bench, &a, false).await;
    let second = bench.get(wait("a", 1)).by(&b).expect(204).await;
    assert_eq!(second, json!(null));
    waits(&bench, &a, false).await;
    bench.get(wait("a", 1)).by(&a).refused("LEG0003").await;
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_ends_with_the_service() {
    let bench = bench().await;
    bench.worker("worker", None).await;
    let waiting = bench.get(wait("worker", 30));
    let waiting = tokio::spawn(async move { waiting.send().await });
    let ended = bench.engine.shutdown(false, PATIENCE).await;
    let reply = tokio::time::timeout(Duration::from_secs(5), waiting).await.expect("in time").expect("no panic");
    // Either its run was seen to end, or the service was.
    assert!(reply.status == 200 || reply.status == 503, "{reply:?}");
    assert!(ended);
}
