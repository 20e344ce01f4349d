//! Agents and tickets: a leader orders about its own, a worker reports on its own, and nobody about those of others.

use http::Method;
use legion_api::paths;
use serde_json::json;

use crate::repo::repo;
use crate::support::{SLEEPER, nobody};

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_orders_about_its_own_tickets_and_its_worker_reports_on_its_own() {
    let repo = repo().await;
    let leader = repo.member("leader", None).await;
    let stranger = repo.member("stranger", None).await;
    let dispatched = repo.post(paths::TICKETS, &repo.ticket("led", SLEEPER)).by(&leader).key("led").expect(201).await;
    assert_eq!(dispatched["tickets"], json!([1]));
    let worker = repo.agent_at_work(1).await;
    let second = repo.post(paths::TICKETS, &repo.ticket("more", SLEEPER)).by(&leader).expect(201).await;
    assert_eq!(second["tickets"], json!([2]));
    assert_eq!(repo.dispatch(&repo.ticket("the person's", SLEEPER)).await, 3);

    // What each of them sees.
    for (who, seen) in [(&leader, vec![1, 2, 3]), (&worker, vec![1, 2, 3]), (&stranger, vec![3])] {
        let page = repo.get(paths::TICKETS).by(who).expect(200).await;
        let ids: Vec<u64> =
            page["tickets"].as_array().expect("a list").iter().filter_map(|t| t["id"].as_u64()).collect();
        assert_eq!((&ids, &page["counts"]["total"]), (&seen, &json!(seen.len())));
        let status = repo.bench.get(paths::STATUS).by(who).expect(200).await;
        assert_eq!(status["tickets"]["total"], json!(seen.len()));
        for number in 1..=3 {
            for path in ["", "/why", "/deps"] {
                let asked = repo.get(&format!("/v1/tickets/{number}{path}")).by(who);
                if seen.contains(&number) {
                    asked.expect(200).await
                } else {
                    asked.refused("LEG0003").await
                };
            }
        }
    }
    assert_eq!(repo.get("/v1/tickets/self").by(&worker).expect(200).await["ticket"]["id"], json!(1));
    assert_eq!(repo.get("/v1/tickets/self/deps").by(&worker).expect(200).await["ticket_id"], json!(1));
    repo.get("/v1/tickets/self").by(&leader).refused("LEG0005").await;

    // What each of them may not do. Nothing happens.
    let before = repo.bench.position().await;
    for who in [&worker, &stranger] {
        for number in [1, 2, 3] {
            repo.post(&format!("/v1/tickets/{number}/stop"), &json!({})).by(who).refused("LEG0003").await;
            repo.ask(Method::DELETE, &format!("/v1/tickets/{number}")).by(who).refused("LEG0003").await;
            let long = json!({ "feedback": "x".repeat(100_000) });
            repo.post(&format!("/v1/tickets/{number}/retry"), &long).by(who).refused("LEG0003").await;
        }
        assert_eq!(repo.post(paths::TICKETS_STOP, &json!({})).by(who).expect(200).await, json!({ "tickets": [] }));
    }
    repo.post("/v1/tickets/3/stop", &json!({})).by(&leader).refused("LEG0003").await;
    for who in [&leader, &worker, &stranger] {
        repo.post("/v1/tickets/1/approve", &json!({})).by(who).refused("LEG0003").await;
        let settings = json!({ "plan": { "session": { "workers": 9 }, "ticket": [{ "id": "a", "title": "t", "criteria": "c", "command": "true" }] } });
        repo.post(paths::PLANS, &settings).by(who).refused("LEG0003").await;
    }
    for who in [&leader, &stranger] {
        repo.post(paths::REPORT, &json!({ "status": "done" })).by(who).refused("LEG0001").await;
    }
    repo.get("/v1/tickets/1/log").by(&stranger).refused("LEG0003").await;
    assert_eq!(repo.bench.position().await, before, "nothing happened");

    // A worker reports, once under a key, and on its own ticket whatever it says.
    let report =
        || repo.post(paths::REPORT, &json!({ "status": "done", "summary": "all of it" })).by(&worker).key("said");
    let said = report().expect(200).await;
    assert_eq!(said, json!({ "ticket": 1, "status": "done" }));
    assert_eq!(report().expect(200).await, said);
    assert_eq!(repo.get("/v1/tickets/1").expect(200).await["ticket"]["summary"], json!("all of it"));
    assert_eq!(
        repo.get("/v1/tickets/1").expect(200).await["ticket"]["status"],
        json!("working"),
        "a report is no evidence"
    );

    // The leader stops its own; the token of the worker opens nothing then.
    let stop = || repo.post("/v1/tickets/1/stop", &json!({})).by(&leader).key("stop");
    assert_eq!(stop().expect(200).await, json!({ "tickets": [1] }));
    assert_eq!(stop().expect(200).await, json!({ "tickets": [1] }));
    repo.post(paths::REPORT, &json!({ "status": "done" })).by(&worker).refused("LEG0002").await;
    assert_eq!(repo.post(paths::TICKETS_STOP, &json!({})).by(&leader).expect(200).await, json!({ "tickets": [2] }));
    repo.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_sees_events_of_tickets_of_its_line_only() {
    let repo = repo().await;
    let leader = repo.member("leader", None).await;
    let stranger = repo.member("stranger", None).await;
    let after = repo.bench.position().await;
    repo.post(paths::TICKETS, &repo.ticket("led", SLEEPER)).by(&leader).expect(201).await;
    repo.agent_at_work(1).await;
    repo.dispatch(&repo.ticket("the person's", SLEEPER)).await;
    repo.post("/v1/tickets/2/stop", &json!({})).expect(200).await;
    let kinds = "kind=ticket-added,attempt-began,ticket-closed";
    for (who, seen) in [
        (&leader, vec![("ticket-added", 1), ("attempt-began", 1), ("ticket-added", 2), ("ticket-closed", 2)]),
        (&stranger, vec![("ticket-added", 2), ("ticket-closed", 2)]),
    ] {
        let stream = repo.bench.get(format!("{}?after={after}&{kinds}", paths::EVENTS)).by(who);
        let events = crate::events::until_all(stream, &["ticket-closed"]).await;
        let got: Vec<(&str, u32)> =
            events.iter().map(|event| (event.kind.as_str(), event.ticket.unwrap_or(0))).collect();
        assert_eq!(got, seen);
    }
    repo.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_of_another_project_reaches_nothing_here() {
    let repo = repo().await;
    repo.busy().await;
    let foreign = repo.bench.worker("foreign", None).await;
    let before = repo.bench.position().await;
    repo.get("/v1/tickets/1").by(&foreign).refused("LEG0005").await;
    repo.bench.get("/v1/tickets/1").by(&foreign).refused("LEG0005").await;
    repo.post("/v1/tickets/1/stop", &json!({})).by(&foreign).refused("LEG0005").await;
    repo.post(paths::TICKETS, &repo.ticket("t", SLEEPER)).by(&foreign).refused("LEG0005").await;
    repo.bench.post(paths::TICKETS, &repo.ticket("t", SLEEPER)).by(&foreign).refused("LEG0005").await;
    repo.get("/v1/sessions/s").by(&foreign).refused("LEG0005").await;
    repo.get(&format!("/v1/tickets/{}", nobody())).by(&foreign).refused("LEG0001").await;
    assert_eq!(repo.bench.position().await, before, "nothing happened");
    repo.end().await;
}
