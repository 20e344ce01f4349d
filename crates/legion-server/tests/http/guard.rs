//! Nothing is reached without its token, and nothing from elsewhere. The table walks the OpenAPI document: a new route is in it by itself.

use http::Method;
use legion_api::paths;
use serde_json::{Value, json};

use crate::support::{Ask, Bench, HOST, PERSON, bench, nobody};

/// Who may call an operation.
#[derive(Debug, PartialEq)]
enum For {
    /// No token is asked for.
    All,
    Members,
    Person,
}

/// What is known of an operation: for whom it is, and a body that is right. A new one must be added here.
fn operation(bench: &Bench, path: &str, method: &str) -> (For, Option<Value>) {
    match (path, method) {
        (paths::HEALTH, "get") => (For::All, None),
        (paths::SERVICE | paths::PROJECTS | paths::APPROVALS | paths::AUDIT, "get") => (For::Person, None),
        (
            paths::BUDGETS
            | paths::CASSETTES
            | paths::COST
            | paths::MODELS
            | paths::PRICES
            | paths::PROVIDERS
            | paths::ROUTES,
            "get",
        ) => (For::Person, None),
        // Not from an address: nobody here asks another host.
        (paths::PRICES_UPDATE, "post") => (For::Person, Some(json!({ "list": "{}" }))),
        (paths::PROVIDER, "delete") | (paths::PROVIDER_TEST, "post") => (For::Person, None),
        (paths::BUDGETS | paths::CASSETTES | paths::PROVIDER | paths::ROUTES, "put") => (For::Person, Some(json!({}))),
        (paths::BUDGETS_REMOVE | paths::BUDGETS_RECONCILE | paths::ROUTES_REMOVE, "post") => {
            (For::Person, Some(json!({})))
        }
        (paths::GATEWAY_URL, "get") => (For::Members, None),
        (paths::SERVICE_DOWN, "post") => (For::Person, Some(json!({}))),
        (paths::TRUST, "get") => (For::Person, None),
        (paths::TRUST, "post") => (For::Person, Some(json!({ "path": bench.dir("nothing-there") }))),
        (paths::SERVICE_BACKUP, "post") => (For::Person, Some(json!({ "path": bench.dir("copy") }))),
        (paths::APPROVAL, "post") => (For::Person, Some(json!({ "decision": "approve" }))),
        (paths::AGENTS, "post") => (For::Members, Some(bench.hiring("new", "cat"))),
        (paths::AGENT_MESSAGES, "post") => (For::Members, Some(json!({ "text": "hello" }))),
        (paths::AGENT_INTERRUPT, "post") => (For::Members, Some(json!({ "text": "stop" }))),
        (paths::INTERRUPT_ALL, "post") | (paths::AGENT, "delete") => (For::Members, None),
        (paths::INBOX_ACK, "post") => (For::Members, Some(json!({}))),
        (paths::REPOSITORY, "get") => (For::Person, None),
        (
            paths::REPOSITORY
            | paths::REPOSITORY_GC
            | paths::SESSION_USE
            | paths::SESSION_COMPLETE
            | paths::TICKET_APPROVE
            | paths::TICKET_DENY,
            "post",
        )
        | (paths::SESSION, "patch") => (For::Person, Some(json!({}))),
        (paths::SESSIONS, "post") => (For::Person, Some(json!({ "name": "s", "commit": "0".repeat(40) }))),
        (paths::SESSION_IMPORT, "post") => (For::Person, Some(json!({ "commit": "0".repeat(40) }))),
        (paths::SESSION | paths::ROLE | paths::TEAM, "delete") => (For::Person, None),
        (paths::TICKET_UNDELETE, "post") => (For::Person, Some(json!({ "into": bench.dir("back") }))),
        (paths::ROLE, "put") => (For::Person, Some(json!({ "duty": "write", "prompt": "write" }))),
        (paths::TEAM, "put") => (For::Person, Some(json!({ "roles": ["engineer"] }))),
        (paths::TICKETS, "post") => (For::Members, Some(json!({ "title": "t", "criteria": "c" }))),
        (paths::PLANS, "post") => (For::Members, Some(json!({ "plan": { "ticket": [] } }))),
        (paths::TICKETS_STOP | paths::TICKET_STOP | paths::TICKET_RETRY, "post") => (For::Members, Some(json!({}))),
        (paths::TICKET, "delete") => (For::Members, None),
        (paths::REPORT, "post") => (For::Members, Some(json!({ "status": "done" }))),
        (
            paths::OPENAPI
            | paths::AGENTS
            | paths::AGENT
            | paths::AGENT_LOGS
            | paths::AGENT_WAIT
            | paths::STATUS
            | paths::TREE
            | paths::USAGE
            | paths::INBOX
            | paths::MESSAGE
            | paths::EVENTS
            | paths::SESSIONS
            | paths::SESSION
            | paths::TICKETS
            | paths::TICKETS_WHY
            | paths::TICKET
            | paths::TICKET_DIFF
            | paths::TICKET_DEPS
            | paths::TICKET_WHY
            | paths::TICKET_LOG
            | paths::TICKET_RESCUES
            | paths::RESCUES
            | paths::ROLES
            | paths::TEAMS,
            "get",
        ) => (For::Members, None),
        other => panic!("{other:?} is new: say here for whom it is"),
    }
}

struct Case {
    name: &'static str,
    code: &'static str,
    /// Whether it is refused even where no token is asked for.
    always: bool,
    change: fn(Ask) -> Ask,
}

const CASES: &[Case] = &[
    Case { name: "no token", code: "LEG0002", always: false, change: |ask| ask.without("authorization") },
    Case { name: "a wrong token", code: "LEG0002", always: false, change: |ask| ask.token("lgn_root_0") },
    Case {
        name: "a token of the right length",
        code: "LEG0002",
        always: false,
        change: |ask| ask.token(&PERSON.replace('f', "e")),
    },
    Case {
        name: "another scheme",
        code: "LEG0002",
        always: false,
        change: |ask| ask.header("authorization", &format!("Basic {PERSON}")),
    },
    Case { name: "no host", code: "LEG0004", always: true, change: |ask| ask.without("host") },
    Case { name: "a foreign host", code: "LEG0004", always: true, change: |ask| ask.header("host", "example.com") },
    Case {
        name: "a name that was made to point here",
        code: "LEG0004",
        always: true,
        change: |ask| ask.header("host", "evil.example:6666"),
    },
    Case { name: "another port", code: "LEG0004", always: true, change: |ask| ask.header("host", "127.0.0.1:80") },
    Case { name: "origin null", code: "LEG0004", always: true, change: |ask| ask.header("origin", "null") },
    Case {
        name: "a foreign origin",
        code: "LEG0004",
        always: true,
        change: |ask| ask.header("origin", "https://example.com"),
    },
    Case {
        name: "an origin on another port",
        code: "LEG0004",
        always: true,
        change: |ask| ask.header("origin", "http://127.0.0.1:3000"),
    },
    Case {
        name: "a page of another site",
        code: "LEG0004",
        always: true,
        change: |ask| ask.header("sec-fetch-site", "cross-site"),
    },
    Case {
        name: "a form's body",
        code: "LEG0001",
        always: false,
        change: |ask| ask.body("text/plain", r#"{"task":"x"}"#),
    },
];

/// Every operation of the document, MCP, a path that is not there, and a method that is not known.
async fn operations(bench: &Bench) -> Vec<(String, String)> {
    let document = bench.get(paths::OPENAPI).expect(200).await;
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for method in item.as_object().expect("methods").keys() {
            operations.push((path.clone(), method.clone()));
        }
    }
    assert!(operations.len() >= 55, "{operations:?}");
    for path in [paths::MCP, "/", "/no/such/path", "/v1/org/agents/../../service"] {
        operations.extend([(path.to_owned(), "get".to_owned()), (path.to_owned(), "post".to_owned())]);
    }
    operations.push((paths::AGENTS.to_owned(), "patch".to_owned()));
    operations.push((paths::HEALTH.to_owned(), "post".to_owned()));
    operations.push((paths::HEALTH.to_owned(), "head".to_owned()));
    operations
}

fn ask(bench: &Bench, path: &str, method: &str, id: &str) -> Ask {
    let method: Method = method.to_ascii_uppercase().parse().expect("a method");
    bench.ask(method, path.replace("{id}", id))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_refuses_strangers_and_nothing_happens() {
    let bench = bench().await;
    let worker = bench.worker("worker", None).await;
    let before = bench.position().await;
    for (path, method) in operations(&bench).await {
        for case in CASES {
            if (path.as_str(), method.as_str()) == (paths::HEALTH, "get") && !case.always {
                continue;
            }
            let mut asked = ask(&bench, &path, &method, &worker.id);
            if matches!(method.as_str(), "post" | "put" | "patch") {
                asked = asked.json(&json!({}));
            }
            let reply = (case.change)(asked).send().await;
            let what = format!("{method} {path} with {}", case.name);
            if method == "head" {
                assert!(reply.status >= 400, "{what}");
            } else {
                reply.assert_problem(case.code, &what);
            }
            assert!(!reply.headers.contains_key("access-control-allow-origin"), "{what}");
        }
    }
    assert_eq!(bench.position().await, before, "nothing happened");
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_the_persons_is_refused_to_agents_on_every_route() {
    let mut bench = bench().await;
    let worker = bench.worker("worker", None).await;
    let before = bench.position().await;
    let document = bench.get(paths::OPENAPI).expect(200).await;
    let mut refused = 0;
    for (path, item) in document["paths"].as_object().expect("paths") {
        for method in item.as_object().expect("methods").keys() {
            let (for_whom, body) = operation(&bench, path, method);
            if for_whom != For::Person {
                continue;
            }
            let mut asked = ask(&bench, path, method, &nobody()).by(&worker);
            if let Some(body) = body {
                asked = asked.json(&body);
            }
            asked.refused("LEG0003").await;
            refused += 1;
        }
    }
    assert_eq!(refused, 42);
    assert_eq!(bench.position().await, before);
    assert!(bench.down.try_recv().is_err(), "nobody was asked to end");
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_pages_and_every_name_of_ours_are_let_in() {
    let bench = bench().await;
    for host in [HOST, "localhost:6666", "[::1]:6666", "LocalHost:6666"] {
        let asked = bench.get(paths::STATUS).header("host", host).header("origin", &format!("http://{host}"));
        asked.header("sec-fetch-site", "same-origin").expect(200).await;
    }
    bench.get(paths::HEALTH).without("authorization").expect(200).await;
    bench.get(paths::STATUS).header("authorization", &format!("bearer  {PERSON}")).expect(200).await;
    let reply = bench.get("http://evil.example/v1/org/status").send().await;
    reply.assert_problem("LEG0004", "an absolute address with another host");
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_opens_nothing_once_its_agent_is_fired() {
    let bench = bench().await;
    let worker = bench.worker("worker", None).await;
    bench.get(paths::STATUS).by(&worker).expect(200).await;
    let other = worker.token.replace("_1_", "_2_");
    bench.get(paths::STATUS).token(&other).refused("LEG0002").await;
    let fired = bench.ask(Method::DELETE, format!("/v1/org/agents/{}", worker.id)).expect(200).await;
    assert_eq!(fired, json!({ "fired": [worker.id], "kept": [], "ended": true }));
    bench.get(paths::STATUS).by(&worker).refused("LEG0002").await;
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_panics_is_answered_for_and_the_service_goes_on() {
    let bench = bench().await;
    let path = json!({ "path": bench.dir("panics") });
    bench.post(paths::SERVICE_BACKUP, &path).refused("LEG0015").await;
    bench.get(paths::STATUS).expect(200).await;
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_reaches_its_own_subtree_and_no_other() {
    let bench = bench().await;
    let boss = bench.worker("boss", None).await;
    let report = bench.worker("report", Some(&boss.id)).await;
    let peer = bench.worker("peer", None).await;
    let agent = |id: &str| format!("/v1/org/agents/{id}");
    for (who, whom, allowed) in [
        (&boss, &boss, true),
        (&boss, &report, true),
        (&boss, &peer, false),
        (&report, &report, true),
        (&report, &boss, false),
        (&peer, &report, false),
    ] {
        for path in ["", "/logs"] {
            let asked = bench.get(format!("{}{path}", agent(&whom.id))).by(who);
            if allowed {
                asked.expect(200).await
            } else {
                asked.refused("LEG0003").await
            };
        }
        let asked = bench.get(format!("{}?agent={}", paths::STATUS, whom.id)).by(who);
        if allowed {
            asked.expect(200).await
        } else {
            asked.refused("LEG0003").await
        };
        let events = bench.get(format!("{}?agent={}", paths::EVENTS, whom.id)).by(who).open().await;
        assert_eq!(events.status().as_u16(), if allowed { 200 } else { 403 });
    }
    let before = bench.position().await;
    bench.ask(Method::DELETE, agent(&peer.id)).by(&boss).refused("LEG0003").await;
    bench.ask(Method::DELETE, agent(&boss.id)).by(&boss).refused("LEG0003").await;
    bench.post(format!("{}/interrupt", agent(&boss.id)), &json!({})).by(&report).refused("LEG0003").await;
    bench.post(format!("{}/messages", agent(&peer.id)), &json!({ "text": "x" })).by(&report).refused("LEG0003").await;
    let mut hire = bench.hiring("more", "cat");
    hire["parent"] = json!(peer.id);
    bench.post(paths::AGENTS, &hire).by(&boss).refused("LEG0003").await;
    hire["parent"] = json!("root");
    bench.post(paths::AGENTS, &hire).by(&boss).refused("LEG0003").await;
    assert_eq!(bench.position().await, before);

    let listed = bench.get(paths::AGENTS).by(&boss).expect(200).await;
    let ids: Vec<&str> = listed["agents"].as_array().expect("a list").iter().filter_map(|a| a["id"].as_str()).collect();
    assert_eq!(ids, [&boss.id, &report.id]);
    let tree = bench.get(paths::TREE).by(&boss).expect(200).await;
    assert_eq!((&tree["id"], &tree["reports"][0]["id"]), (&json!(boss.id), &json!(report.id)));
    bench.end().await;
}
