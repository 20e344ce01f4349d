//! Plans: dispatched whole or not at all, and looked at without anything being done.

use std::time::Instant;

use legion_api::{Dispatched, PlanCheck, TicketPage, paths};
use serde_json::{Value, json};

use crate::repo::{Repo, repo, repo_with};
use crate::support::PATIENCE;

fn ticket(id: impl Into<Value>) -> Value {
    json!({ "id": id.into(), "title": "a title", "criteria": "it is done", "gate": "true", "command": "true" })
}

fn plan(tickets: Vec<Value>) -> Value {
    json!({ "plan": { "ticket": tickets } })
}

async fn check(repo: &Repo, body: &Value) -> PlanCheck {
    let said = repo.post(&format!("{}?check=true", paths::PLANS), body).expect(200).await;
    serde_json::from_value(said).expect("what the plan is like")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_dispatched_whole_and_its_names_become_numbers() {
    let repo = repo().await;
    repo.busy().await;
    let mut body = json!({
        "session": "s",
        "plan": {
            "session": { "workers": 2, "overlap": "hold", "group_caps": { "db": 1 }, "protect": ["ci/**"] },
            "defaults": { "gate": "cargo test", "command": "make it", "timeout": "20m", "gate_timeout": "5m" },
            "ticket": [
                { "id": "api", "title": "the api", "criteria": "it answers", "after": ["db"], "worker": 1 },
                { "id": "db", "prompt": "make the tables\nall of them", "criteria": ["a", "b"], "group": "db" },
                { "id": "check", "title": "all is well", "checkpoint": true, "after": ["api", { "id": "db", "on_upstream": "skip" }] },
            ],
        },
    });
    let looked = check(&repo, &body).await;
    assert_eq!((looked.valid, looked.tickets, looked.levels, looked.widest), (true, 3, 3, 1), "{looked:?}");
    // What would move the log is only that the session gets a second worker.
    body["plan"]["session"]["workers"] = json!(1);
    let done: Dispatched =
        serde_json::from_value(repo.post(paths::PLANS, &body).expect(201).await).expect("dispatched");
    assert_eq!((done.session.as_str(), done.tickets.as_slice()), ("s", &[2, 3, 4][..]));
    let page: TicketPage = serde_json::from_value(repo.get(paths::TICKETS).expect(200).await).expect("a page");
    let by_local =
        |local: &str| page.tickets.iter().find(|ticket| ticket.local.as_deref() == Some(local)).expect("there");
    let (api, db, last) = (by_local("api"), by_local("db"), by_local("check"));
    assert_eq!((api.id, db.id, last.id), (2, 3, 4));
    assert_eq!(api.after.iter().map(|link| link.id).collect::<Vec<_>>(), [3]);
    assert_eq!(last.after.iter().map(|link| link.id).collect::<Vec<_>>(), [2, 3]);
    assert_eq!((db.title.as_str(), db.group.as_deref(), &db.dependents), ("make the tables", Some("db"), &vec![2, 4]));
    // A checkpoint without a prompt has no agent, whatever the defaults say.
    assert_eq!((last.checkpoint, last.driver, api.driver), (true, None, Some(legion_api::Driver::Command)));
    assert_eq!((api.gates[0].timeout_seconds, api.max_attempts), (300, 3));
    assert_eq!((page.counts.total, page.counts.blocked, page.counts.queued), (4, 2, 1));
    let detail = repo.get("/v1/tickets/2").expect(200).await;
    assert_eq!((&detail["timeout_seconds"], &detail["wanted_worker"]), (&json!(1200), &json!(1)));
    assert_eq!((&detail["prompt"], &detail["command"]), (&json!("the api"), &json!("make it")));
    let deps = repo.get("/v1/tickets/4/deps").expect(200).await["dependencies"].clone();
    assert_eq!((&deps[0]["on_upstream"], &deps[1]["on_upstream"]), (&json!("wait"), &json!("skip")), "{deps}");
    let settings = repo.get("/v1/sessions/s").expect(200).await["settings"].clone();
    assert_eq!((&settings["overlap"], &settings["group_caps"]["db"]), (&json!("hold"), &json!(1)));
    assert_eq!(settings["protect"], json!(["ci/**"]));
    repo.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_a_plan_is_told_and_nothing_is_dispatched() {
    let repo = repo().await;
    repo.busy().await;
    let before = repo.bench.position().await;
    let with = |field: &str, value: Value| {
        let mut ticket = ticket("a");
        ticket[field] = value;
        ticket
    };
    let mut lonely = ticket("a");
    lonely.as_object_mut().expect("a table").retain(|field, _| field == "id" || field == "title" || field == "command");
    let cases = [
        (vec![], "no ticket"),
        (
            vec![with("after", json!(["b"])), {
                let mut b = ticket("b");
                b["after"] = json!(["a"]);
                b
            }],
            "circle",
        ),
        (vec![with("after", json!(["a"]))], "waits for itself"),
        (vec![with("after", json!(["zz"]))], "names `zz`"),
        (vec![ticket("a"), ticket("a")], "both have this `id`"),
        (vec![lonely], "neither `criteria` nor `gate`"),
        (vec![with("team", json!("dream_team"))], "there is no team `dream_team`"),
        (vec![with("role", json!("wizard"))], "there is no role `wizard`"),
        (vec![with("driver", json!("robot"))], "robot"),
        (vec![with("command", json!("echo 'open"))], "open quote"),
        (vec![with("command", json!([]))], "names no program"),
        (vec![with("max_attempts", json!(11))], "max_attempts"),
        (vec![with("files", json!(["src/[a"]))], "ticket `a`"),
        (vec![ticket("a b")], "`id`"),
        (vec![with("on_upstream", json!("cry"))], "on_upstream"),
    ];
    for (tickets, words) in cases {
        let body = plan(tickets);
        let problem = repo.post(paths::PLANS, &body).refused("LEG0017").await;
        let said = problem["problems"].to_string();
        assert!(said.contains(words), "{words}: {problem}");
        let looked = check(&repo, &body).await;
        assert!(
            !looked.valid && looked.problems.iter().any(|problem| problem.text.contains(words)),
            "{words}: {looked:?}"
        );
        let told: Vec<&str> = looked.problems.iter().map(|problem| problem.text.as_str()).collect();
        assert_eq!(json!(told), problem["problems"], "the check says what the dispatch says");
    }
    let circle = plan(vec![with("after", json!(["c"])), {
        let mut c = ticket("c");
        c["after"] = json!(["a"]);
        c
    }]);
    let told = repo.post(paths::PLANS, &circle).refused("LEG0017").await;
    assert!(told["detail"].as_str().expect("words").contains("`a` → `c` → `a`"), "{told}");
    assert_eq!(repo.bench.position().await, before, "nothing happened");
    repo.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_of_the_wrong_type_names_its_ticket_and_field() {
    let repo = repo().await;
    let before = repo.bench.position().await;
    for (field, value) in
        [("title", json!(1)), ("timeout", json!("soon")), ("worker", json!(-1)), ("colour", json!("red"))]
    {
        let mut db = ticket("db");
        db[field] = value;
        let problem = repo.post(paths::PLANS, &plan(vec![ticket("a"), db])).refused("LEG0001").await;
        let detail = problem["detail"].as_str().expect("words");
        assert!(detail.contains(&format!("field `{field}`")) && detail.contains("ticket"), "{detail}");
    }
    for (body, words) in [
        (json!({}), "missing field `plan`"),
        (json!({ "plan": [] }), "a plan"),
        (json!({ "plan": { "tickets": [] } }), "unknown field `tickets`"),
        (json!({ "plan": { "ticket": [] }, "colour": 1 }), "unknown field `colour`"),
        (json!({ "plan": { "ticket": [] }, "session": "../x" }), "cannot be the name of a session"),
    ] {
        let problem = repo.post(paths::PLANS, &body).refused("LEG0001").await;
        assert!(problem["detail"].as_str().expect("words").contains(words), "{problem}");
    }
    repo.post(paths::PLANS, &json!({ "plan": { "ticket": [ticket("a")] }, "session": "nowhere" }))
        .refused("LEG0005")
        .await;
    repo.post(&format!("{}?check=perhaps", paths::PLANS), &plan(vec![ticket("a")])).refused("LEG0001").await;
    assert_eq!(repo.bench.position().await, before, "nothing happened");
    repo.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_looked_at_where_nothing_is_there_yet() {
    let bench = crate::support::bench().await;
    let body = plan(vec![ticket("a")]);
    let said = bench.post(format!("{}?check=true&project=/no/such/place", paths::PLANS), &body).expect(200).await;
    assert_eq!((&said["valid"], &said["levels"]), (&json!(true), &json!(1)));
    bench.post(format!("{}?project=/no/such/place", paths::PLANS), &body).refused("LEG0005").await;
    bench.post(paths::PLANS, &body).refused("LEG0005").await;
    assert_eq!(bench.position().await, 0);
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_tickets_are_taken_and_one_more_is_not() {
    let repo = repo().await;
    repo.busy().await;
    let many = |count: usize| plan((0..count).map(|number| ticket(format!("t{number}"))).collect());
    let before = repo.bench.position().await;
    let problem = repo.post(paths::PLANS, &many(10_001)).refused("LEG0017").await;
    assert!(problem["detail"].as_str().expect("words").contains("10001 tickets"), "{problem}");
    assert_eq!(repo.bench.position().await, before, "nothing happened");

    let began = Instant::now();
    let done: Dispatched = serde_json::from_value(repo.post(paths::PLANS, &many(10_000)).key("many").expect(201).await)
        .expect("dispatched");
    println!("10,000 tickets dispatched in {:?}", began.elapsed());
    assert_eq!((done.tickets.len(), done.tickets[0], done.tickets[9_999]), (10_000, 2, 10_001));
    let (began, mut after, mut seen) = (Instant::now(), 0, 0);
    loop {
        let page = repo.get(&format!("{}?limit=1000&after={after}", paths::TICKETS)).expect(200).await;
        let page: TicketPage = serde_json::from_value(page).expect("a page");
        assert_eq!(page.counts.total, 10_001);
        seen += page.tickets.len();
        match page.next {
            Some(next) => after = next,
            None => break,
        }
    }
    println!("10,001 tickets listed in {:?}", began.elapsed());
    assert_eq!(seen, 10_001);
    let began = Instant::now();
    let whys = repo.get(paths::TICKETS_WHY).expect(200).await;
    println!("200 of them explained in {:?}", began.elapsed());
    assert_eq!((whys["tickets"].as_array().map(Vec::len), &whys["next"]), (Some(200), &json!(200)));
    // Not stopped one by one: what is looked at here is how they come in.
    assert!(repo.bench.engine.shutdown(false, PATIENCE).await, "everything ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn gates_of_the_repository_judge_what_has_none_of_its_own() {
    let repo = repo_with(&[("legion.toml", "[gates]\ntest = \"test -f README.md\"\n")]).await;
    let body = json!({ "plan": { "ticket": [
        { "id": "check", "title": "all is well", "checkpoint": true },
        { "id": "work", "title": "write it", "command": ["sh", "-c", "echo x > x"] },
    ]}});
    assert!(check(&repo, &body).await.valid);
    let done: Dispatched =
        serde_json::from_value(repo.post(paths::PLANS, &body).expect(201).await).expect("dispatched");
    assert_eq!(done.tickets, [1, 2]);
    let bare = json!({ "title": "again", "checkpoint": true });
    assert_eq!(repo.dispatch(&bare).await, 3);
    for number in 1..=3 {
        let closed = repo.closed(number).await;
        assert_eq!(closed["ticket"]["status"], json!("done"), "{closed:#}");
        assert_eq!(closed["verdicts"][0]["gate"], json!("test"), "{closed:#}");
    }
    repo.end().await;
}
