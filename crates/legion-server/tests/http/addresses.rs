//! Who is meant: ids, their beginnings, and names.

use http::Method;
use legion_api::paths;
use serde_json::json;

use crate::support::bench;

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_is_named_by_id_beginning_or_name() {
    let bench = bench().await;
    let worker = bench.worker("worker", None).await;
    let agent = |text: &str| bench.get(format!("/v1/org/agents/{text}"));
    for text in [&worker.id, &worker.id.replace('-', ""), &worker.id[..13], &worker.id[..8].to_uppercase(), "worker"] {
        assert_eq!(agent(text).expect(200).await["id"], json!(worker.id), "{text}");
    }
    // Three characters are too few to go by.
    agent(&worker.id[..3]).refused("LEG0005").await;
    let root = agent("root").expect(200).await;
    assert_eq!((&root["id"], &root["level"], &root["driver"]), (&json!("root"), &json!(0), &json!(null)));
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_two_agents_have_is_refused_with_both_of_them() {
    let bench = bench().await;
    let boss = bench.worker("boss", None).await;
    let above = bench.worker("twin", None).await;
    let below = bench.worker("twin", Some("boss")).await;
    let problem = bench.get("/v1/org/agents/twin").refused("LEG0006").await;
    let detail = problem["detail"].as_str().expect("a detail");
    assert!(detail.contains(&above.id) && detail.contains(&below.id) && detail.contains("below boss"), "{detail}");

    // Among those whom it may know of, the name may still be one agent's.
    let deep = bench.worker("deep", Some(&below.id)).await;
    let told = bench.post("/v1/org/agents/deep/messages", &json!({ "text": "x" })).by(&below).expect(201).await;
    assert_eq!(told["to"], json!(deep.id));
    let told = bench.post("/v1/org/agents/twin/messages", &json!({ "text": "x" })).by(&deep).expect(201).await;
    assert_eq!(told["to"], json!(below.id));
    bench.get("/v1/org/agents/deep").by(&above).refused("LEG0005").await;
    bench.get(format!("/v1/org/agents/{}", boss.id)).expect(200).await;
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fired_agent_is_said_to_be_fired() {
    let bench = bench().await;
    let worker = bench.worker("worker", None).await;
    let message = bench.post("/v1/org/agents/worker/messages", &json!({ "text": "late" })).expect(201).await;
    bench.ask(Method::DELETE, "/v1/org/agents/worker").expect(200).await;
    for text in [&worker.id, &worker.id[..8], "worker"] {
        let path = |rest: &str| format!("/v1/org/agents/{text}{rest}");
        for problem in [
            bench.get(path("")).refused("LEG0005").await,
            bench.get(path("/wait")).refused("LEG0005").await,
            bench.get(format!("{}?agent={text}", paths::STATUS)).refused("LEG0005").await,
            bench.post(path("/messages"), &json!({ "text": "x" })).refused("LEG0005").await,
            bench.post(path("/interrupt"), &json!({})).refused("LEG0005").await,
            bench.ask(Method::DELETE, path("")).refused("LEG0005").await,
        ] {
            let detail = problem["detail"].as_str().expect("a detail");
            assert!(detail.contains("`worker`") && detail.contains("was fired"), "{text}: {detail}");
        }
    }
    let message = bench.get(format!("/v1/org/messages/{}", message["id"].as_str().expect("an id"))).expect(200).await;
    assert_eq!((&message["state"], &message["reason"]), (&json!("expired"), &json!("the agent was fired")));
    // What it wrote is still there for the person.
    bench.get(format!("/v1/org/agents/{}/logs", worker.id)).expect(200).await;
    bench.end().await;
}
