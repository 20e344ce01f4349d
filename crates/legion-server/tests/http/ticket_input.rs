//! Bad input about tickets: each a clear answer, and nothing happens.

use http::Method;
use legion_api::paths;
use serde_json::{Value, json};

use crate::repo::repo;
use crate::support::SLEEPER;

#[tokio::test(flavor = "multi_thread")]
async fn what_makes_no_ticket_is_refused_with_the_reason() {
    let repo = repo().await;
    repo.busy().await;
    let before = repo.bench.position().await;
    let with = |changes: &[(&str, Value)]| {
        let mut ticket = repo.ticket("plain", SLEEPER);
        for (field, value) in changes {
            ticket[*field] = value.clone();
        }
        ticket
    };
    let long = "x".repeat(1024 * 1024 + 1);
    for (ticket, code, words) in [
        (json!({}), "LEG0001", "the ticket cannot be dispatched"),
        (json!({ "title": "t", "command": "true" }), "LEG0001", "neither `criteria` nor `gate`"),
        (json!({ "title": "t", "criteria": "c" }), "LEG0012", "Claude Code"),
        (json!({ "title": "t", "checkpoint": true }), "LEG0001", "needs a gate"),
        (with(&[("after", json!([99]))]), "LEG0005", "#99, which does not exist"),
        (with(&[("after", json!(["soon"]))]), "LEG0001", "`soon` is not the number of a ticket"),
        (with(&[("after", json!([0]))]), "LEG0001", "`0` is not the number"),
        (with(&[("after", json!([-1]))]), "LEG0001", "after"),
        (with(&[("after", json!(1))]), "LEG0001", "after"),
        (
            with(&[("after", json!([{"id": 1, "on_upstream": "cry"}]))]),
            "LEG0001",
            "`cry` is not `skip`, `fail` or `wait`",
        ),
        (with(&[("after", json!([1, {"id": 1, "on_upstream": "skip"}]))]), "LEG0001", "`after` names #1 twice"),
        (with(&[("after", json!([{"id": 1, "then": "skip"}]))]), "LEG0001", "unknown field `then`"),
        (with(&[("title", json!("x".repeat(201)))]), "LEG0001", "title"),
        (with(&[("title", json!("a\u{7}b"))]), "LEG0001", "title"),
        (with(&[("prompt", json!(long))]), "LEG0001", "prompt"),
        (with(&[("team", json!("nobody"))]), "LEG0001", "there is no team `nobody`"),
        (with(&[("role", json!("nobody"))]), "LEG0001", "there is no role `nobody`"),
        (with(&[("team", json!("tech_lead_team"))]), "LEG0001", "no program of its own"),
        (with(&[("driver", json!("robot"))]), "LEG0001", "robot"),
        (with(&[("driver", json!("claude"))]), "LEG0001", "takes no `command`"),
        (with(&[("command", json!("'open"))]), "LEG0001", "open quote"),
        (with(&[("command", json!(""))]), "LEG0001", "names no program"),
        (with(&[("worker", json!(0))]), "LEG0001", "worker"),
        (with(&[("max_attempts", json!(0))]), "LEG0001", "max_attempts"),
        (with(&[("timeout", json!("1d1s"))]), "LEG0001", "timeout"),
        (with(&[("timeout", json!("soon"))]), "LEG0001", "timeout"),
        (with(&[("gate_timeout", json!(0))]), "LEG0001", "gate"),
        (with(&[("gate", json!(""))]), "LEG0001", "gate"),
        (with(&[("files", json!(["../up"]))]), "LEG0001", "../up"),
        (with(&[("on_upstream", json!("cry"))]), "LEG0001", "on_upstream"),
        (with(&[("session", json!("nowhere"))]), "LEG0005", "sessions: s"),
        (with(&[("session", json!("--force"))]), "LEG0001", "cannot be the name of a session"),
        (with(&[("colour", json!("red"))]), "LEG0001", "unknown field `colour`"),
        (with(&[("checkpoint", json!("yes"))]), "LEG0001", "checkpoint: invalid type"),
    ] {
        let problem = repo.post(paths::TICKETS, &ticket).refused(code).await;
        let said = format!("{} {}", problem["detail"], problem["hint"]).replace("\\\"", "\"");
        assert!(said.contains(words), "{words}: {said}");
    }
    assert_eq!(repo.bench.position().await, before, "nothing happened");
    repo.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_and_what_cannot_be_read_is_refused_on_every_route() {
    let repo = repo().await;
    repo.busy().await;
    let before = repo.bench.position().await;
    let get = ["", "/why", "/deps", "/diff", "/log", "/rescues"];
    let post = ["/stop", "/retry", "/approve", "/deny"];
    for (number, code) in [
        ("99", "LEG0005"),
        ("%2399", "LEG0005"),
        ("0", "LEG0001"),
        ("abc", "LEG0001"),
        ("-1", "LEG0001"),
        ("99999999999", "LEG0001"),
    ] {
        for path in get {
            repo.get(&format!("/v1/tickets/{number}{path}")).refused(code).await;
        }
        for path in post {
            repo.post(&format!("/v1/tickets/{number}{path}"), &json!({})).refused(code).await;
        }
        let into = json!({ "into": repo.bench.dir("back") });
        repo.post(&format!("/v1/tickets/{number}/undelete"), &into).refused(code).await;
        repo.ask(Method::DELETE, &format!("/v1/tickets/{number}")).refused(code).await;
    }
    for path in ["/v1/tickets/self", "/v1/tickets/self/deps", "/v1/tickets/self/why"] {
        let problem = repo.get(path).refused("LEG0005").await;
        assert!(problem["detail"].as_str().expect("words").contains("works on no ticket"), "{problem}");
    }
    for (path, code) in [
        ("/v1/tickets?limit=0", "LEG0001"),
        ("/v1/tickets?limit=1001", "LEG0001"),
        ("/v1/tickets?status=dizzy", "LEG0001"),
        ("/v1/tickets?status=", "LEG0001"),
        ("/v1/tickets?after=x", "LEG0001"),
        ("/v1/tickets?session=nowhere", "LEG0005"),
        ("/v1/tickets?session=NO", "LEG0001"),
        ("/v1/tickets?colour=red", "LEG0001"),
        ("/v1/tickets/why?session=nowhere", "LEG0005"),
        ("/v1/tickets/1/log?lines=0", "LEG0001"),
        ("/v1/tickets/1/log?after=here", "LEG0001"),
        ("/v1/sessions/nowhere", "LEG0005"),
        ("/v1/sessions/a%2Fb", "LEG0001"),
        ("/v1/events?ticket=x", "LEG0001"),
    ] {
        repo.get(path).refused(code).await;
    }
    for path in ["/v1/tickets", "/v1/sessions", "/v1/roles", "/v1/events"] {
        repo.bench.get(format!("{path}?project=/no/such/place")).refused("LEG0005").await;
    }
    repo.post("/v1/tickets/1/retry", &json!({})).refused("LEG0006").await;
    repo.post("/v1/tickets/1/approve", &json!({})).refused("LEG0006").await;
    repo.post("/v1/tickets/1/deny", &json!({ "reason": "x".repeat(4_001) })).refused("LEG0001").await;
    repo.post("/v1/tickets/1/retry", &json!({ "prompt": " " })).refused("LEG0001").await;
    repo.post(paths::TICKETS_STOP, &json!({ "session": "nowhere" })).refused("LEG0005").await;
    let report = |body: Value| repo.post(paths::REPORT, &body);
    report(json!({ "status": "done" })).refused("LEG0001").await;
    report(json!({ "status": "perhaps" })).refused("LEG0001").await;
    report(json!({})).refused("LEG0001").await;
    let garbage: [&[u8]; 4] = [b"{", b"[]", b"\xff\xfe", b"null"];
    for path in
        [paths::TICKETS, paths::PLANS, paths::REPORT, paths::SESSIONS, "/v1/tickets/1/retry", "/v1/sessions/s/import"]
    {
        for body in garbage {
            let asked = repo.ask(Method::POST, path).body("application/json", body.to_vec());
            asked.refused("LEG0001").await;
        }
    }
    assert_eq!(repo.bench.position().await, before, "nothing happened");
    repo.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_and_teams_are_set_and_bad_ones_refused() {
    let repo = repo().await;
    let roles = repo.get(paths::ROLES).expect(200).await;
    let builtin = roles["roles"].as_array().expect("a list").len();
    assert!(builtin >= 6 && roles.to_string().contains("tech_lead"), "{roles}");
    let put = |path: &str, body: Value| repo.ask(Method::PUT, path).json(&body);
    let judge = json!({ "duty": "verify", "prompt": "judge it", "driver": "command", "command": "judge 'it well'" });
    let made = put("/v1/roles/judge", judge.clone()).key("role").expect(200).await;
    assert_eq!(
        (&made["name"], &made["command"], &made["builtin"]),
        (&json!("judge"), &json!("judge 'it well'"), &json!(false))
    );
    assert_eq!(put("/v1/roles/judge", judge).key("role").expect(200).await, made);
    let pair = json!({ "name": "A pair", "roles": ["engineer", "judge"] });
    assert_eq!(put("/v1/teams/pair", pair).expect(200).await["roles"], json!(["engineer", "judge"]));
    assert_eq!(repo.get(paths::ROLES).expect(200).await["roles"].as_array().map(Vec::len), Some(builtin + 1));
    assert!(repo.get(paths::TEAMS).expect(200).await.to_string().contains("A pair"));

    let before = repo.bench.position().await;
    for (path, body, code, words) in [
        ("/v1/roles/Judge", json!({ "duty": "write", "prompt": "x" }), "LEG0001", "cannot be the id of a role"),
        ("/v1/roles/x", json!({ "duty": "dance", "prompt": "x" }), "LEG0001", "unknown variant `dance`"),
        ("/v1/roles/x", json!({ "duty": "write" }), "LEG0001", "missing field `prompt`"),
        ("/v1/roles/x", json!({ "duty": "write", "prompt": "x", "driver": "command" }), "LEG0001", "needs a program"),
        ("/v1/roles/x", json!({ "duty": "write", "prompt": "x", "command": "'open" }), "LEG0001", "open quote"),
        ("/v1/roles/x", json!({ "duty": "write", "prompt": "x".repeat(20_000) }), "LEG0001", "longer than"),
        ("/v1/teams/x", json!({ "roles": [] }), "LEG0001", "1 to 8 roles"),
        ("/v1/teams/x", json!({ "roles": ["wizard"] }), "LEG0005", "there is no role `wizard`"),
        ("/v1/teams/solo", json!({ "roles": ["engineer"] }), "LEG0006", "built-in"),
        ("/v1/teams/a-b", json!({ "roles": ["engineer"] }), "LEG0001", "cannot be the id of a team"),
    ] {
        let problem = put(path, body).refused(code).await;
        assert!(problem["detail"].as_str().expect("words").contains(words), "{problem}");
    }
    repo.ask(Method::DELETE, "/v1/roles/judge").refused("LEG0006").await;
    repo.ask(Method::DELETE, "/v1/roles/engineer").refused("LEG0005").await;
    repo.ask(Method::DELETE, "/v1/teams/nobody").refused("LEG0005").await;
    assert_eq!(repo.bench.position().await, before, "nothing happened");
    for path in ["/v1/teams/pair", "/v1/roles/judge"] {
        repo.ask(Method::DELETE, path).key(path).expect(204).await;
        repo.ask(Method::DELETE, path).key(path).expect(204).await;
    }
    repo.end().await;
}
