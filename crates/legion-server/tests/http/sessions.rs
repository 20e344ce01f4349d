//! Sessions and the repository that they live in.

use http::Method;
use legion_api::{Session, SessionPhase, paths};
use serde_json::{Value, json};

use crate::repo::{Repo, repo};
use crate::support::SLEEPER;

async fn session(repo: &Repo, name: &str) -> Session {
    serde_json::from_value(repo.get(&format!("/v1/sessions/{name}")).expect(200).await).expect("a session")
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_opened_set_left_taken_up_completed_and_deleted() {
    let repo = repo().await;
    let first = session(&repo, "s").await;
    assert_eq!(
        (first.phase, first.current, first.target_branch.as_str()),
        (SessionPhase::Active, true, "legion/s/leader")
    );
    assert_eq!(
        (first.base.as_str(), first.branch.as_deref(), first.project.as_str()),
        (repo.base.as_str(), Some("main"), repo.dir.as_str())
    );
    // The commit is there by now: no bundle is needed.
    let open =
        json!({ "name": "other", "commit": repo.base, "settings": { "gate": "make test", "protect": ["ci/**"] } });
    let opened = repo.post(paths::SESSIONS, &open).key("open").expect(201).await;
    assert_eq!(repo.post(paths::SESSIONS, &open).key("open").expect(201).await, opened);
    assert_eq!((&opened["current"], &opened["settings"]["workers"]), (&json!(true), &json!(2)));
    let gate = json!([{ "name": "make test", "command": "make test", "timeout_seconds": 1800 }]);
    assert_eq!((&opened["settings"]["gates"], &opened["settings"]["protect"]), (&gate, &json!(["ci/**"])));
    assert!(!session(&repo, "s").await.current);

    let patch = |body: Value| repo.ask(Method::PATCH, "/v1/sessions/other").json(&body);
    let set = patch(json!({ "workers": 5, "gate_timeout": "1m" })).key("set").expect(200).await;
    assert_eq!((&set["settings"]["workers"], &set["settings"]["gates"][0]["timeout_seconds"]), (&json!(5), &json!(60)));
    assert_eq!(set["settings"]["protect"], json!(["ci/**"]), "what is not named stays");
    assert_eq!(patch(json!({ "workers": 5, "gate_timeout": "1m" })).key("set").expect(200).await, set);
    for (body, words) in [
        (json!({ "workers": 0 }), "1 to 64 workers"),
        (json!({ "workers": 65 }), "1 to 64 workers"),
        (json!({ "group_caps": { "db": 0 } }), "for ever"),
        (json!({ "protect": ["[a"] }), "[a"),
        (json!({ "gate": " " }), "gate"),
        (json!({ "overlap": "panic" }), "unknown variant `panic`"),
        (json!({ "colour": 1 }), "unknown field `colour`"),
    ] {
        let problem = patch(body).refused("LEG0001").await;
        assert!(problem["detail"].as_str().expect("words").contains(words), "{problem}");
    }

    let order = |path: &str| repo.post(&format!("/v1/sessions/{path}"), &json!({}));
    assert_eq!(order("s/use").expect(200).await["current"], json!(true));
    let done = order("other/complete").key("complete").expect(200).await;
    assert_eq!((&done["phase"], &done["current"]), (&json!("completed"), &json!(false)));
    assert_eq!(order("other/complete").key("complete").expect(200).await, done);
    let mut ticket = repo.ticket("late", SLEEPER);
    ticket["session"] = json!("other");
    repo.post(paths::TICKETS, &ticket).refused("LEG0006").await;
    assert_eq!(order("other/use").expect(200).await["phase"], json!("active"));
    order("nowhere/use").refused("LEG0005").await;
    order("nowhere/complete").refused("LEG0005").await;

    let listed = repo.get(paths::SESSIONS).expect(200).await;
    let names: Vec<&str> =
        listed["sessions"].as_array().expect("a list").iter().filter_map(|s| s["name"].as_str()).collect();
    assert_eq!(names, ["other", "s"]);
    assert_eq!(
        repo.dispatch(&{
            ticket["session"] = json!("s");
            ticket.clone()
        })
        .await,
        1
    );
    order("s/complete").refused("LEG0006").await;
    let delete = |path: &str| repo.ask(Method::DELETE, &format!("/v1/sessions/{path}"));
    delete("s").refused("LEG0006").await;
    repo.agent_at_work(1).await;
    delete("s?force=true").key("delete").expect(204).await;
    delete("s?force=true").key("delete").expect(204).await;
    delete("s").refused("LEG0005").await;
    repo.get("/v1/sessions/s").refused("LEG0005").await;
    repo.get("/v1/tickets/1").refused("LEG0005").await;
    repo.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_of_the_person_come_in_through_the_queue() {
    let repo = repo().await;
    repo.bench.directory.file("person/more.txt", "more\n");
    repo.bench.directory.repo("person");
    let (commit, bundle) = repo.bundle("HEAD").await;
    assert_ne!(commit, repo.base);
    let import = || {
        repo.post("/v1/sessions/s/import", &json!({ "commit": commit, "branch": "main", "bundle": bundle })).key("in")
    };
    let first = import().expect(201).await;
    assert_eq!(first, json!({ "session": "s", "number": 1 }));
    assert_eq!(import().expect(201).await, first);
    repo.until("it to land", |state| (state.board.sessions.values().next()?.merged == 1).then_some(())).await;
    let landed = session(&repo, "s").await;
    assert_eq!((landed.imports, landed.merged, landed.queue.len()), (1, 1, 0));
    assert_ne!(landed.tip, repo.base);
    let repository = repo.get(paths::REPOSITORY).expect(200).await;
    assert!(repository["tips"].as_array().expect("a list").contains(&json!(landed.tip)), "{repository}");
    let cleared = repo.post(paths::REPOSITORY_GC, &json!({})).expect(200).await;
    assert_eq!(cleared["kept"], json!([]));
    repo.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_repository_commit_or_bundle_is_refused() {
    let repo = repo().await;
    let before = repo.bench.position().await;
    let none = "1".repeat(40);
    let garbage = repo.bench.dir("garbage.bundle");
    std::fs::write(&garbage, "no bundle").expect("written");
    for (body, code, words) in [
        (json!({ "name": "S", "commit": none }), "LEG0001", "cannot be the name of a session"),
        (json!({ "name": "--force", "commit": none }), "LEG0001", "cannot be the name of a session"),
        (json!({ "name": "a..b", "commit": none }), "LEG0001", "cannot be the name of a session"),
        (json!({ "name": "x", "commit": "0".repeat(40) }), "LEG0018", "not all zero"),
        (json!({ "name": "x", "commit": "HEAD" }), "LEG0001", "no whole hash"),
        (json!({ "name": "x", "commit": "--upload-pack=x" }), "LEG0001", "no whole hash"),
        (json!({ "name": "x", "commit": none }), "LEG0018", "is not in the project's repository"),
        (json!({ "name": "x", "commit": none, "bundle": "rel.bundle" }), "LEG0018", "not absolute"),
        (json!({ "name": "x", "commit": none, "bundle": "/no/such/bundle" }), "LEG0018", "bundle"),
        (json!({ "name": "x", "commit": none, "bundle": garbage }), "LEG0018", "bundle"),
        (json!({ "name": "s", "commit": repo.base, "settings": { "workers": 0 } }), "LEG0001", "1 to 64 workers"),
        (json!({ "name": "x", "commit": repo.base, "settings": { "workers": "many" } }), "LEG0001", "workers"),
        (json!({ "commit": repo.base }), "LEG0001", "missing field `name`"),
    ] {
        if body["name"] == json!("s") {
            // The same session on the same commit is there already: asked for again, that is no error.
            repo.post(paths::SESSIONS, &body).expect(201).await;
            continue;
        }
        let problem = repo.post(paths::SESSIONS, &body).refused(code).await;
        assert!(problem["detail"].as_str().expect("words").contains(words), "{words}: {problem}");
    }
    repo.post("/v1/sessions/s/import", &json!({ "commit": none })).refused("LEG0018").await;
    repo.post("/v1/sessions/nowhere/import", &json!({ "commit": none })).refused("LEG0005").await;
    assert!(std::path::Path::new(&garbage).exists(), "what does not lie where bundles are put is left alone");
    assert_eq!(repo.bench.position().await, before, "nothing happened");

    // A project without a repository.
    repo.bench.worker("elsewhere", None).await;
    let problem =
        repo.bench.get(format!("{}?project={}", paths::REPOSITORY, repo.bench.dir("work"))).refused("LEG0018").await;
    assert!(problem["hint"].as_str().expect("words").contains("legion init"), "{problem}");
    let problem = repo.bench.get(paths::SESSIONS).refused("LEG0001").await;
    assert!(problem["detail"].as_str().expect("words").contains("2 projects"), "{problem}");
    let open = json!({ "name": "x", "commit": repo.base });
    repo.bench.post(format!("{}?project={}", paths::SESSIONS, repo.bench.dir("work")), &open).refused("LEG0018").await;
    for (project, code) in [("/no/such/place", "LEG0001"), ("/dev/null", "LEG0001"), ("nowhere", "LEG0005")] {
        repo.bench.post(format!("{}?project={project}", paths::REPOSITORY), &json!({})).refused(code).await;
    }
    let dir = repo.dir.clone();
    repo.bench
        .post(format!("{}?project={dir}", paths::REPOSITORY), &json!({ "format": "md5" }))
        .refused("LEG0001")
        .await;
    repo.end().await;
}
