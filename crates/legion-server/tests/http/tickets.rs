//! Orders about tickets: listed, stopped, opened again, deleted; once under each key.

use http::Method;
use legion_api::{TicketPage, paths};
use serde_json::{Value, json};

use crate::repo::{Repo, repo};
use crate::support::{Ask, SLEEPER};

async fn page(repo: &Repo, query: &str) -> TicketPage {
    let page = repo.get(&format!("{}?{query}", paths::TICKETS)).expect(200).await;
    serde_json::from_value(page).expect("a page")
}

fn ids(page: &TicketPage) -> Vec<u32> {
    page.tickets.iter().map(|ticket| ticket.id).collect()
}

/// Four tickets: one is worked on, one is queued, two wait for it.
async fn four() -> Repo {
    let repo = repo().await;
    repo.busy().await;
    assert_eq!(repo.dispatch(&repo.ticket("second", SLEEPER)).await, 2);
    for (number, after) in [(3, json!([2])), (4, json!(["#2", 3]))] {
        let mut ticket = repo.ticket("later", SLEEPER);
        ticket["after"] = after;
        assert_eq!(repo.dispatch(&ticket).await, number);
    }
    repo
}

#[tokio::test(flavor = "multi_thread")]
async fn tickets_are_listed_by_status_and_page() {
    let repo = four().await;
    let all = page(&repo, "limit=3").await;
    assert_eq!((ids(&all), all.next), (vec![1, 2, 3], Some(3)));
    assert_eq!((all.counts.total, all.counts.working, all.counts.queued, all.counts.blocked), (4, 1, 1, 2));
    assert_eq!(all.counts.unfinished(), 4);
    let rest = page(&repo, "limit=3&after=3").await;
    assert_eq!((ids(&rest), rest.next), (vec![4], None));
    assert_eq!(ids(&page(&repo, "status=blocked").await), [3, 4]);
    assert_eq!(ids(&page(&repo, "status=working,queued&session=s").await), [1, 2]);
    assert_eq!(ids(&page(&repo, "status=done").await), [0; 0]);
    let first = &all.tickets[0];
    assert_eq!((first.worker, first.stage), (Some(1), Some(legion_api::Stage::Running)));
    let why = repo.get("/v1/tickets/4/why").expect(200).await;
    assert_eq!((&why["mover"]["who"], &why["mover"]["ticket"]), (&json!("ticket"), &json!(2)));
    assert!(why["deadline"].is_string() && why["what"].as_str().expect("words").contains("#2"), "{why}");
    let why = repo.get("/v1/tickets/1/why").expect(200).await;
    assert_eq!((&why["mover"]["who"], &why["mover"]["agent"]), (&json!("agent"), &json!(first.agent)));
    assert!(why["mover"]["agent_name"].is_string());
    let whys = repo.get(paths::TICKETS_WHY).expect(200).await;
    assert_eq!((whys["tickets"].as_array().map(Vec::len), &whys["next"]), (Some(4), &Value::Null));
    repo.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dispatch_warns_of_files_that_others_mean_to_touch() {
    let repo = repo().await;
    repo.busy().await;
    let touching = |title: &str, files: Value| {
        let mut ticket = repo.ticket(title, SLEEPER);
        ticket["files"] = files;
        ticket
    };
    let warnings = async |ticket: &Value| repo.post(paths::TICKETS, ticket).expect(201).await["warnings"].clone();
    assert_eq!(warnings(&touching("parser", json!(["src/parse/**"]))).await, json!([]));
    let said = warnings(&touching("lexer", json!(["docs/x.md", "src/**/lex.rs"]))).await;
    assert_eq!(said.as_array().map(Vec::len), Some(1), "{said}");
    let said = said[0].as_str().expect("words").to_owned();
    for words in ["`lexer`", "#2 `parser`", "`src/**/lex.rs` and `src/parse/**`", "not merged yet"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    // One that waits for the other does not meet it, nor what that one waits for.
    let mut later = touching("later", json!(["src/parse/a.rs"]));
    later["after"] = json!([2]);
    assert_eq!(warnings(&later).await, json!([]));
    let mut last = touching("last", json!(["src/parse/a.rs"]));
    last["after"] = json!([4]);
    assert_eq!(warnings(&last).await, json!([]));
    assert_eq!(warnings(&touching("elsewhere", json!(["ci/*"]))).await, json!([]));
    let plan = json!({ "plan": { "ticket": [
        { "id": "a", "title": "a", "gate": "true", "command": "true", "files": ["ci/build.yml"] },
    ] } });
    let said = repo.post(paths::PLANS, &plan).expect(201).await["warnings"].to_string();
    assert!(said.contains("#6 `elsewhere`"), "{said}");
    repo.end().await;
}

/// Sends a request twice under one key. The second time nothing happens, and the answer is the same.
async fn twice(repo: &Repo, ask: impl Fn() -> Ask, key: &str, status: u16) -> Value {
    let first = ask().key(key).expect(status).await;
    let before = repo.bench.position().await;
    let mut second = ask().key(key).expect(status).await;
    if let (Some(a), Some(b)) = (first.get("position"), second.get("position")) {
        assert!(b.as_u64() >= a.as_u64(), "an event number from before, both times");
        second["position"] = a.clone();
    }
    assert_eq!(first, second);
    assert_eq!(repo.bench.position().await, before, "nothing happened the second time");
    first
}

#[tokio::test(flavor = "multi_thread")]
async fn every_order_is_done_once_under_its_key() {
    let repo = four().await;
    let more = repo.ticket("more", SLEEPER);
    let done = twice(&repo, || repo.post(paths::TICKETS, &more), "dispatch", 201).await;
    assert_eq!((&done["tickets"], &done["session"]), (&json!([5]), &json!("s")));
    repo.post(paths::TICKETS, &repo.ticket("other", SLEEPER)).key("dispatch").refused("LEG0007").await;
    let plan = json!({ "plan": { "ticket": [
        { "id": "a", "title": "a", "criteria": "c", "command": "true" },
        { "id": "b", "title": "b", "criteria": "c", "command": "true", "after": ["a"] },
    ] } });
    let done = twice(&repo, || repo.post(paths::PLANS, &plan), "plan", 201).await;
    assert_eq!(done["tickets"], json!([6, 7]));

    let stop = |number: u32| repo.post(&format!("/v1/tickets/{number}/stop"), &json!({}));
    assert_eq!(twice(&repo, || stop(5), "stop", 200).await, json!({ "tickets": [5] }));
    stop(5).refused("LEG0006").await;
    stop(4).key("stop").refused("LEG0007").await;
    let retry = || repo.post("/v1/tickets/5/retry", &json!({ "feedback": "once more" }));
    assert_eq!(twice(&repo, retry, "retry", 200).await, json!({ "tickets": [5] }));
    assert_eq!(repo.get("/v1/tickets/5").expect(200).await["feedback"], json!("once more"));

    let delete = |path: &str| repo.ask(Method::DELETE, path);
    let problem = delete("/v1/tickets/2").refused("LEG0006").await;
    assert!(problem["detail"].as_str().expect("words").contains("#3, #4"), "{problem}");
    let gone = twice(&repo, || delete("/v1/tickets/2?dependents=true"), "delete", 200).await;
    assert_eq!(gone["tickets"].as_array().map(Vec::len), Some(3), "{gone}");
    let problem = repo.get("/v1/tickets/3").refused("LEG0005").await;
    assert!(problem["detail"].as_str().expect("words").contains("was deleted"), "{problem}");
    // A dispatch is answered as before, although its tickets are gone.
    delete("/v1/tickets/6?dependents=true").expect(200).await;
    let again = repo.post(paths::PLANS, &plan).key("plan").expect(201).await;
    assert_eq!((&again["tickets"], &again["session"]), (&json!([6, 7]), &json!("s")));

    let all = || repo.post(paths::TICKETS_STOP, &json!({ "session": "s" }));
    let stopped = all().key("all").expect(200).await;
    assert_eq!(stopped, json!({ "tickets": [1, 5] }));
    assert_eq!(all().key("all").expect(200).await, stopped);
    assert_eq!(all().expect(200).await, json!({ "tickets": [] }));
    repo.end().await;
}
