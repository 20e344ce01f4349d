//! An agent that asks too often is told to wait; nobody else notices.

use std::num::NonZeroU32;

use legion_api::paths;
use legion_runtime::Share;
use serde_json::json;

use crate::support::bench;

fn share(per_second: u32, burst: u32, at_once: u32) -> Share {
    let number = |number| NonZeroU32::new(number).expect("not zero");
    Share { per_second: number(per_second), burst: number(burst), at_once: number(at_once) }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_floods_is_told_to_wait_and_everybody_else_is_answered() {
    let mut bench = bench().await;
    let mole = bench.worker("mole", None).await;
    let peer = bench.worker("peer", None).await;
    bench.limit(share(2, 5, 100));
    bench.clock.stop_mono();
    for _ in 0..5 {
        bench.get(paths::TREE).by(&mole).expect(200).await;
    }
    let before = bench.position().await;
    for _ in 0..200 {
        let reply = bench.get(paths::TREE).by(&mole).send().await;
        reply.assert_problem("LEG0010", "the flood");
        assert_eq!(reply.headers.get("retry-after").and_then(|value| value.to_str().ok()), Some("1"));
    }
    // Whatever it asks, and over whichever face.
    let told = bench.post(format!("/v1/org/agents/{}/messages", peer.id), &json!({ "text": "hello" })).by(&mole);
    let problem = told.refused("LEG0010").await;
    assert!(problem["detail"].as_str().is_some_and(|text| text.contains("2 requests in a second and 5 after a pause")));
    bench.post(paths::MCP, &json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" })).by(&mole).refused("LEG0010").await;
    assert_eq!(bench.position().await, before, "nothing was done");

    // Its neighbour has its own, and the person is not limited.
    for _ in 0..5 {
        bench.get(paths::TREE).by(&peer).expect(200).await;
    }
    for _ in 0..50 {
        bench.get(paths::TREE).expect(200).await;
    }
    // It is served again as time passes, and no sooner.
    bench.clock.advance_mono(499);
    bench.get(paths::TREE).by(&mole).refused("LEG0010").await;
    bench.clock.advance_mono(1);
    bench.get(paths::TREE).by(&mole).expect(200).await;
    bench.get(paths::TREE).by(&mole).refused("LEG0010").await;

    bench.clock.start_mono();

    // The person sees it, in a few entries and not in two hundred.
    let audit = bench.get(paths::AUDIT).expect(200).await.to_string();
    let entries = audit.matches("asks too often").count();
    assert!((1..=10).contains(&entries), "{entries} entries: {audit}");
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_cannot_take_every_connection_by_requests_that_wait() {
    let mut bench = bench().await;
    let mole = bench.worker("mole", None).await;
    let peer = bench.worker("peer", None).await;
    bench.limit(share(1_000, 1_000, 3));
    // A stream of events does not end by itself.
    let listen = |by| bench.get(paths::EVENTS).by(by);
    let mut streams = Vec::new();
    for _ in 0..3 {
        streams.push(listen(&mole).open().await);
    }
    let problem = listen(&mole).refused("LEG0010").await;
    assert!(problem["detail"].as_str().is_some_and(|text| text.contains("3 requests at the same time")), "{problem}");
    bench.get(paths::TREE).by(&mole).refused("LEG0010").await;
    bench.get(paths::TREE).by(&peer).expect(200).await;
    bench.get(paths::TREE).expect(200).await;
    streams.pop();
    bench.get(paths::TREE).by(&mole).expect(200).await;
    drop(streams);
    bench.end().await;
}
