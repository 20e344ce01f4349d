//! What agents take of the machine, for whom it concerns.

use std::collections::BTreeSet;
use std::time::Duration;

use http::Method;
use legion_api::paths;
use legion_engine::ContainmentConfig;
use legion_model::{Bounds, Tier};
use serde_json::{Value, json};

use crate::support::{Bench, PATIENCE, SLEEPER, Worker, bench, bench_contained};

/// Asks until the answer is as it is wanted.
async fn until(bench: &Bench, by: Option<&Worker>, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let looking = async {
        loop {
            let ask = bench.get(paths::USAGE);
            let usage = if let Some(worker) = by { ask.by(worker) } else { ask }.expect(200).await;
            if wanted(&usage) {
                return usage;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, looking).await.unwrap_or_else(|_| panic!("waited for: {what}"))
}

fn names(usage: &Value) -> BTreeSet<&str> {
    usage["agents"].as_array().expect("a list").iter().filter_map(|agent| agent["name"].as_str()).collect()
}

fn of<'a>(usage: &'a Value, name: &str) -> &'a Value {
    let agents = usage["agents"].as_array().expect("a list");
    agents.iter().find(|agent| agent["name"] == name).unwrap_or_else(|| panic!("no `{name}` in {usage}"))
}

fn all_seen(usage: &Value) -> bool {
    usage["agents"].as_array().expect("a list").iter().all(|agent| agent["taken"]["cpu_percent"].is_number())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_sees_what_its_own_subtree_takes_and_the_person_sees_all() {
    let bench = bench().await;
    assert_eq!(bench.get(paths::USAGE).expect(200).await["agents"], json!([]));
    let boss = bench.worker("boss", None).await;
    let below = bench.worker("below", Some("boss")).await;
    let beside = bench.worker("beside", None).await;
    let usage = until(&bench, None, "all are looked at", |usage| names(usage).len() == 3 && all_seen(usage)).await;
    assert_eq!(names(&usage), BTreeSet::from(["boss", "below", "beside"]));

    let found = of(&usage, "below");
    assert_eq!((&found["id"], &found["parent"], &found["level"]), (&json!(below.id), &json!(boss.id), &json!(2)));
    assert_eq!((&found["state"], &found["tier"], &found["wait"]), (&json!("running"), &json!("none"), &json!(null)));
    let taken = &found["taken"];
    for field in ["memory_bytes", "memory_bytes_peak", "processes", "threads"] {
        assert!(taken[field].as_u64().is_some_and(|count| count > 0), "{field}: {found}");
    }
    assert!(taken["cpu_seconds"].is_number() && found["limits"]["memory_bytes"].is_u64(), "{found}");
    assert_eq!(found["limits"]["processes"], json!(4096), "{found}");
    for what in ["memory", "processes", "cpu", "tree"] {
        let by = found["held_by"][what].as_str().expect("a word");
        assert!(["cgroup-v2", "cgroup-v1", "watched"].contains(&by), "{what}: {found}");
    }
    let machine = &usage["machine"];
    let bytes = |field: &str| machine[field].as_u64().expect("a number");
    assert!(bytes("available_bytes") < bytes("memory_bytes") && bytes("reserve_bytes") < bytes("memory_bytes"));
    assert!(bytes("cores") >= 1, "{machine}");
    let order: Vec<u64> = usage["agents"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|agent| agent["taken"]["memory_bytes"].as_u64())
        .collect();
    assert!(order.is_sorted_by(|one, next| one >= next), "{order:?}");

    for (worker, sees) in [(&boss, &["boss", "below"][..]), (&below, &["below"]), (&beside, &["beside"])] {
        let usage = bench.get(paths::USAGE).by(worker).expect(200).await;
        assert_eq!(names(&usage), sees.iter().copied().collect());
    }
    bench.get(paths::USAGE).without("authorization").refused("LEG0002").await;
    bench.get(paths::USAGE).token("lgn_agent_wrong").refused("LEG0002").await;
    bench.get(format!("{}?project=/nowhere", paths::USAGE)).refused("LEG0005").await;
    bench.get(format!("{}?by=cpu", paths::USAGE)).refused("LEG0001").await;

    bench.ask(Method::DELETE, format!("/v1/org/agents/{}", boss.id)).expect(200).await;
    let usage = until(&bench, None, "those that are fired take nothing", |usage| names(usage).len() == 1).await;
    assert_eq!(names(&usage), BTreeSet::from(["beside"]));
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_without_room_is_shown_as_waiting_with_the_reason_until_it_begins() {
    let reserve: u64 = 1 << 60;
    let containment =
        ContainmentConfig { user_ids: None, memory_reserve_bytes: Some(reserve), ..ContainmentConfig::default() };
    let bounds = Bounds { stop_grace_ms: 500, tier: Tier::None, ..Bounds::default() };
    let bench = bench_contained(bounds, containment).await;
    // One that is alone starts always.
    let first = bench.worker("first", None).await;
    let second = bench.hire("second", SLEEPER).expect(201).await;
    let is_waiting = |usage: &Value| names(usage).contains("second");
    let usage = until(&bench, None, "the second start waits", is_waiting).await;
    let found = of(&usage, "second");
    assert_eq!((&found["id"], &found["state"]), (&second["id"], &json!("waiting")), "{found}");
    assert_eq!(found["wait"]["reason"], json!("memory"), "{found}");
    assert!(found["wait"]["missing_bytes"].as_u64().is_some_and(|missing| missing > 1 << 50), "{found}");
    assert!(found["wait"]["estimate_bytes"].as_u64().is_some_and(|bytes| bytes > 0), "{found}");
    assert_eq!((&found["taken"], &found["limits"], &found["held_by"]), (&json!(null), &json!(null), &json!(null)));
    assert_eq!(usage["machine"]["reserve_bytes"], json!(reserve));
    let of_first = bench.get(paths::USAGE).by(&first).expect(200).await;
    assert_eq!(names(&of_first), BTreeSet::from(["first"]), "nobody sees whose start beside it waits");

    bench.ask(Method::DELETE, format!("/v1/org/agents/{}", first.id)).expect(200).await;
    let runs = |usage: &Value| names(usage) == BTreeSet::from(["second"]) && of(usage, "second")["state"] == "running";
    until(&bench, None, "the second one runs, now that it is alone", runs).await;
    bench.end().await;
}
