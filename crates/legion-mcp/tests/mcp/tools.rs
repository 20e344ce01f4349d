//! Each tool, resource and prompt against a scripted service.

use crate::support::{Fake, Session, caller, caller_over, message, node, problem, usual};
use legion_api::ProblemCode;
use legion_client::{Handler, HandlerFuture, Transport};
use serde_json::{Value, json};

#[tokio::test]
async fn what_the_tools_say_of_themselves_does_not_change_unnoticed() {
    let mut session = Session::open(caller(&Fake::organisation(), "t")).await;
    let answer = session.ask("tools/list", json!({})).await;
    insta::assert_json_snapshot!("tools", answer["result"]);
    let templates = session.ask("resources/templates/list", json!({})).await;
    insta::assert_json_snapshot!("resource_templates", templates["result"]);
    session.close().await;
}

#[tokio::test]
async fn every_schema_is_closed_bounded_and_explained() {
    let mut session = Session::open(caller(&Fake::organisation(), "t")).await;
    let answer = session.ask("tools/list", json!({})).await;
    for tool in answer["result"]["tools"].as_array().expect("tools") {
        let (name, schema) = (&tool["name"], &tool["inputSchema"]);
        assert_eq!(schema["type"], "object", "{name}");
        assert_eq!(schema["additionalProperties"], false, "{name}");
        let properties = schema["properties"].as_object().expect("properties");
        for required in schema["required"].as_array().expect("a list") {
            assert!(properties.contains_key(required.as_str().expect("a name")), "{name} requires {required}");
        }
        for (property, schema) in properties {
            assert!(schema["description"].as_str().is_some_and(|text| text.len() > 8), "{name}.{property}");
            let bounded = match schema["type"].as_str().expect("a type") {
                "boolean" => true,
                "string" => ["maxLength", "enum", "pattern", "format"].iter().any(|bound| schema.get(bound).is_some()),
                "integer" | "number" => schema.get("maximum").is_some(),
                "array" => {
                    let item = &schema["items"];
                    let integer = |item: &Value| item["type"] == "integer" && item.get("maximum").is_some();
                    // A number, or an object with that number in it.
                    let either = item["anyOf"].as_array().is_some_and(|forms| {
                        integer(&forms[0])
                            && integer(&forms[1]["properties"]["id"])
                            && forms[1]["additionalProperties"] == false
                    });
                    schema.get("maxItems").is_some() && (item["type"] == "string" || integer(item) || either)
                }
                "object" if property == "permissions" => {
                    let lists = schema["properties"].as_object().expect("lists");
                    let is_bounded =
                        |list: &Value| list.get("maxItems").is_some() && list["items"].get("maxLength").is_some();
                    schema["additionalProperties"] == false && lists.values().all(is_bounded)
                }
                // A plan as JSON; its own schema is not repeated here.
                "object" => property == "plan",
                other => panic!("{name}.{property} is {other}"),
            };
            assert!(bounded, "{name}.{property} has no bound");
        }
    }
    session.close().await;
}

#[tokio::test]
async fn each_tool_is_one_call_of_the_service() {
    let hire = json!({"task": "write tests", "name": "ann", "role": "tester", "driver": "command", "command": "true", "model": "m",
        "cwd": "/w", "tools": ["Read"], "permission_mode": "plan", "max_turns": 3, "timeout_seconds": 60, "budget_usd": 1.5,
        "headcount": 0, "depth": 1, "models": ["m"], "files": ["a"], "on_restart": "resume", "parent": "a-0"});
    let cases = [
        ("legion-hire", hire.clone(), "POST /v1/org/agents", hire, true),
        (
            "legion-tell",
            json!({"agent": "a-1", "text": "go", "now": true, "by_seconds": 90}),
            "POST /v1/org/agents/a-1/messages",
            json!({"text": "go", "now": true, "by": "2026-01-01T12:01:30Z"}),
            true,
        ),
        (
            "legion-tell",
            json!({"agent": "a-1", "text": "go", "now": null, "by": "2026-02-01T00:00:00Z"}),
            "POST /v1/org/agents/a-1/messages",
            json!({"text": "go", "now": false, "by": "2026-02-01T00:00:00Z"}),
            true,
        ),
        (
            "legion-interrupt",
            json!({"agent": "a-1", "text": "stop that"}),
            "POST /v1/org/agents/a-1/interrupt",
            json!({"text": "stop that"}),
            true,
        ),
        ("legion-interrupt", json!({"agent": "a-1"}), "POST /v1/org/agents/a-1/interrupt", json!({}), true),
        (
            "legion-fire",
            json!({"agent": "a-1", "keep_reports": true}),
            "DELETE /v1/org/agents/a-1?keep_reports=true",
            Value::Null,
            true,
        ),
        ("legion-status", json!({}), "GET /v1/org/status", Value::Null, false),
        ("legion-status", json!({"agent": "a-1"}), "GET /v1/org/status?agent=a-1", Value::Null, false),
        ("legion-status", json!({"tree": true}), "GET /v1/org/tree", Value::Null, false),
        ("legion-inbox", json!({}), "GET /v1/org/inbox", Value::Null, false),
        ("legion-logs", json!({"agent": "a-1", "lines": 7}), "GET /v1/org/agents/a-1/logs?lines=7", Value::Null, false),
        (
            "legion-dispatch",
            json!({"worker_id": 1, "title": "Auth", "prompt": "do it", "context": "Rust", "criteria": ["it works"],
                "after": [1, {"id": 2, "on_upstream": "skip"}],
                "plan": "src/a.rs", "checkpoint": true, "gate": ["cargo test"], "gate_timeout_seconds": 60, "files": ["src/"],
                "team": "solo", "role": "engineer", "group": "db", "driver": "command", "command": "true", "model": "m",
                "max_attempts": 2, "timeout_seconds": 90, "on_upstream": "skip", "session": "s"}),
            "POST /v1/tickets",
            json!({"worker": 1, "title": "Auth", "prompt": "do it", "context": "Rust", "criteria": ["it works"],
                "after": ["1", {"id": "2", "on_upstream": "skip"}],
                "plan": "src/a.rs", "checkpoint": true, "gate": ["cargo test"], "gate_timeout": 60, "files": ["src/"],
                "team": "solo", "role": "engineer", "group": "db", "driver": "command", "command": "true", "model": "m",
                "max_attempts": 2, "timeout": 90, "on_upstream": "skip", "session": "s"}),
            true,
        ),
        (
            "legion-plan",
            json!({"toml": "[[ticket]]\nid = 1\ntitle = \"one\"\n"}),
            "POST /v1/plans",
            json!({"plan": {"ticket": [{"id": "1", "title": "one"}]}}),
            true,
        ),
        (
            "legion-plan",
            json!({"plan": {"ticket": [{"id": "a"}]}, "check": true, "session": "s"}),
            "POST /v1/plans?check=true",
            json!({"session": "s", "plan": {"ticket": [{"id": "a"}]}}),
            true,
        ),
        ("legion-check", json!({}), "GET /v1/tickets", Value::Null, false),
        (
            "legion-check",
            json!({"status": "error", "session": "s"}),
            "GET /v1/tickets?session=s&status=error",
            Value::Null,
            false,
        ),
        ("legion-check", json!({"ticket": 3}), "GET /v1/tickets/3", Value::Null, false),
        ("legion-why", json!({"ticket": 3}), "GET /v1/tickets/3/why", Value::Null, false),
        ("legion-why", json!({}), "GET /v1/tickets/why", Value::Null, false),
        ("legion-deps", json!({"ticket": 3}), "GET /v1/tickets/3/deps", Value::Null, false),
        ("legion-deps", json!({}), "GET /v1/tickets/self/deps", Value::Null, false),
        ("legion-diff", json!({"ticket": 3}), "GET /v1/tickets/3/diff", Value::Null, false),
        (
            "legion-retry",
            json!({"ticket": 3, "feedback": "read the log", "criteria": ["x"], "max_attempts": 1}),
            "POST /v1/tickets/3/retry",
            json!({"feedback": "read the log", "criteria": ["x"], "max_attempts": 1}),
            true,
        ),
        ("legion-stop", json!({"ticket": 3}), "POST /v1/tickets/3/stop", Value::Null, true),
        ("legion-stop", json!({"all": true, "session": "s"}), "POST /v1/tickets/stop", json!({"session": "s"}), true),
        ("legion-delete", json!({"ticket": 3}), "DELETE /v1/tickets/3?dependents=false", Value::Null, true),
        (
            "legion-delete",
            json!({"ticket": 3, "dependents": true}),
            "DELETE /v1/tickets/3?dependents=true",
            Value::Null,
            true,
        ),
        ("legion-rescues", json!({"ticket": 3}), "GET /v1/tickets/3/rescues", Value::Null, false),
        ("legion-rescues", json!({}), "GET /v1/rescues", Value::Null, false),
        ("legion-sessions", json!({}), "GET /v1/sessions", Value::Null, false),
        ("legion-teams", json!({}), "GET /v1/teams", Value::Null, false),
        ("legion-roles", json!({}), "GET /v1/roles", Value::Null, false),
        (
            "legion-report",
            json!({"status": "done", "summary": "all of it"}),
            "POST /v1/report",
            json!({"status": "done", "summary": "all of it"}),
            true,
        ),
        (
            "legion-wait",
            json!({"agent": "a-1", "timeout_seconds": 5}),
            "GET /v1/org/agents/a-1/wait?timeout_seconds=5",
            Value::Null,
            false,
        ),
    ];
    for (tool, arguments, call, body, keyed) in cases {
        let fake = Fake::organisation();
        let mut session = Session::open(caller(&fake, "t")).await;
        let result = session.call(tool, arguments).await;
        assert_eq!(result["isError"], false, "{result}");
        let seen = fake.seen();
        assert_eq!(seen.len(), 1, "{tool}");
        assert_eq!((seen[0].call.as_str(), &seen[0].body, seen[0].key.is_some()), (call, &body, keyed), "{tool}");
        session.close().await;
    }
}

#[tokio::test]
async fn arguments_that_do_not_fit_are_told_to_the_model_and_not_to_the_service() {
    let fake = Fake::organisation();
    let mut session = Session::open(caller(&fake, "t")).await;
    for (tool, arguments, word) in [
        ("legion-hire", json!({}), "task"),
        ("legion-hire", json!({"task": "x", "colour": "red"}), "colour"),
        ("legion-hire", json!({"task": "x", "headcount": -1}), "`headcount`: "),
        ("legion-hire", json!({"task": "x", "driver": "magic"}), "magic"),
        ("legion-tell", json!({"agent": "a-1"}), "text"),
        ("legion-tell", json!({"agent": "a-1", "text": "x", "by": "soon"}), "`by`:"),
        ("legion-tell", json!({"agent": "a-1", "text": "x", "by_seconds": 0}), "by_seconds"),
        ("legion-tell", json!({"agent": "a-1", "text": "x", "by_seconds": 5, "by": "2026-01-01T00:00:00Z"}), "exclude"),
        ("legion-logs", json!({"agent": "a-1", "lines": 1001}), "1000"),
        ("legion-wait", json!({"agent": "a-1", "timeout_seconds": 601}), "600"),
        ("legion-dispatch", json!({"after": [true]}), "`after`: "),
        ("legion-dispatch", json!({"after": [{"id": 1, "then": "skip"}]}), "`then`"),
        ("legion-dispatch", json!({"worker_id": -1}), "`worker_id`: "),
        ("legion-plan", json!({}), "exactly one"),
        ("legion-plan", json!({"toml": "[[ticket]]", "plan": {}}), "exactly one"),
        ("legion-plan", json!({"toml": "[[ticket]]\nid = \"a\"\ncolour = 1\n"}), "field `colour`: unknown field"),
        ("legion-plan", json!({"plan": {"ticket": [{"id": "a", "timeout": "soon"}]}}), "ticket `a`, field `timeout`"),
        ("legion-stop", json!({}), "exactly one"),
        ("legion-stop", json!({"ticket": 1, "all": true}), "exactly one"),
        ("legion-retry", json!({}), "ticket"),
        ("legion-delete", json!({}), "ticket"),
        ("legion-teams", json!({"id": "solo"}), "`id`"),
        ("legion-check", json!({"status": "lost"}), "lost"),
        ("legion-report", json!({"status": "maybe"}), "maybe"),
        ("legion-fire", json!({"agent": 7}), "`agent`: invalid type: integer `7`"),
    ] {
        let result = session.call(tool, arguments.clone()).await;
        assert_eq!(result["isError"], true, "{tool} {arguments}");
        let error = &result["structuredContent"]["error"];
        assert_eq!(error["code"], "LEG0001");
        assert!(error["detail"].as_str().is_some_and(|detail| detail.contains(word)), "{error}");
        assert!(error["hint"].is_string());
    }
    assert!(fake.seen().is_empty());
    let answer = session.ask("tools/call", json!({"name": "legion-dance", "arguments": {}})).await;
    assert_eq!(answer["error"]["code"], -32602, "{answer}");
    session.close().await;
}

#[tokio::test]
async fn a_refusal_of_the_service_is_told_with_its_code_and_hint() {
    let fake = Fake::new(|_, _| problem(ProblemCode::LimitExceeded, "the budget has 0.20 dollars left"));
    let mut session = Session::open(caller(&fake, "t")).await;
    let result = session.call("legion-hire", json!({"task": "x"})).await;
    assert_eq!(result["isError"], true);
    assert_eq!(
        result["structuredContent"]["error"],
        json!({"code": "LEG0009", "detail": "the budget has 0.20 dollars left", "hint": "ask your parent"})
    );
    session.close().await;
}

#[tokio::test]
async fn a_restart_of_the_service_is_waited_for_under_the_same_key() {
    let fake = Fake::new(|number, seen| match number {
        0 | 1 => problem(ProblemCode::ShuttingDown, "ending"),
        _ => usual(seen),
    });
    let mut session = Session::open(caller(&fake, "t")).await;
    let result = session.call("legion-hire", json!({"task": "x"})).await;
    assert_eq!(result["structuredContent"]["id"], "a-1");
    let seen = fake.seen();
    assert_eq!(seen.len(), 3);
    assert!(seen.iter().all(|call| call == &seen[0]), "the same call, key and all");
    session.close().await;
}

#[tokio::test]
async fn nothing_that_a_client_needs_to_start_needs_the_service() {
    let unused = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = unused.local_addr().expect("it is bound").port();
    drop(unused);
    let mut session = Session::open(caller_over(Transport::Tcp("127.0.0.1".to_owned(), port), "t")).await;
    assert_eq!(session.ask("tools/list", json!({})).await["result"]["tools"][0]["name"], "legion-hire");
    assert_eq!(session.ask("prompts/list", json!({})).await["result"]["prompts"][0]["name"], "lead");
    let resources = session.ask("resources/list", json!({})).await;
    assert_eq!(resources["result"]["resources"].as_array().map(Vec::len), Some(2), "{resources}");
    session.close().await;
}

/// A service that never answers, and says when it begins to work on a call and when the call is given up.
struct Never(tokio::sync::mpsc::Sender<&'static str>);

struct GivenUp(tokio::sync::mpsc::Sender<&'static str>);

impl Drop for GivenUp {
    fn drop(&mut self) {
        let _ = self.0.try_send("given up");
    }
}

impl Handler for Never {
    fn handle(&self, _: http::Request<bytes::Bytes>) -> HandlerFuture<'_> {
        let _ = self.0.try_send("asked");
        let given_up = GivenUp(self.0.clone());
        Box::pin(async move {
            let _given_up = given_up;
            std::future::pending().await
        })
    }
}

#[tokio::test]
async fn a_call_that_is_taken_back_is_given_up() {
    let (sender, mut said) = tokio::sync::mpsc::channel(8);
    let transport = Transport::InProcess(std::sync::Arc::new(Never(sender)));
    let mut session = Session::open(caller_over(transport, "t")).await;
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "legion-status", "arguments": {}}});
    session.send(&call.to_string()).await;
    let deadline = std::time::Duration::from_secs(20);
    assert_eq!(tokio::time::timeout(deadline, said.recv()).await, Ok(Some("asked")));
    session
        .send(&json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}).to_string())
        .await;
    assert_eq!(tokio::time::timeout(deadline, said.recv()).await, Ok(Some("given up")));
    session.close().await;
}

#[tokio::test]
async fn only_what_was_shown_is_acknowledged() {
    let fake = Fake::organisation();
    let mut session = Session::open(caller(&fake, "t")).await;
    let result = session.call("legion-inbox", json!({"ack": true})).await;
    assert_eq!(result["structuredContent"]["acked"], 1);
    assert_eq!(result["structuredContent"]["messages"][0]["text"], "done");
    let seen = fake.seen();
    assert_eq!((seen[1].call.as_str(), &seen[1].body), ("POST /v1/org/inbox/ack", &json!({"messages": ["m-1"]})));

    session.call("legion-inbox", json!({"messages": ["m-1", "m-5"]})).await;
    let seen = fake.seen();
    assert_eq!(
        (seen[2].call.as_str(), &seen[2].body),
        ("POST /v1/org/inbox/ack", &json!({"messages": ["m-1", "m-5"]}))
    );
    assert_eq!(seen[3].call, "GET /v1/org/inbox");
    assert_eq!(seen.len(), 4);
    session.close().await;
}

#[tokio::test]
async fn a_large_inbox_is_shown_in_parts_and_only_the_part_is_acknowledged() {
    let long = "ä".repeat(15 * 1024);
    let fake = Fake::new(move |_, seen| match seen.call.as_str() {
        "GET /v1/org/inbox" => {
            let messages: Vec<Value> = (0..4).map(|n| message(&format!("m-{n}"), "tell", &long)).collect();
            (200, json!({ "messages": messages }))
        }
        _ => usual(seen),
    });
    let mut session = Session::open(caller(&fake, "t")).await;
    let result = session.call("legion-inbox", json!({"ack": true})).await;
    assert_eq!(result["structuredContent"]["left_out"], 3);
    assert_eq!(fake.seen()[1].body, json!({"messages": ["m-0"]}));
    session.close().await;
}

#[tokio::test]
async fn no_answer_outgrows_what_a_model_can_read() {
    let fake = Fake::new(|_, seen| {
        let long = "\u{1}é".repeat(400_000);
        match seen.call.split('?').next().unwrap_or_default() {
            "GET /v1/org/inbox" => (200, json!({"messages": [message("m-1", "tell", &long)]})),
            "GET /v1/org/agents/a-1/logs" => {
                let line = json!({"at": "2026-01-01T00:00:00Z", "stream": "stdout", "text": &long[..60_000]});
                (200, json!({"lines": vec![line; 50], "next": "x"}))
            }
            "GET /v1/org/tree" => {
                let leaves = || (0..30).map(|n| node(&format!("leaf-{n}"), 3, vec![])).collect::<Vec<_>>();
                (200, node("agent-7", 1, (0..30).map(|n| node(&format!("lead-{n}"), 2, leaves())).collect()))
            }
            "GET /v1/org/status" => {
                let (_, mut status) = usual(seen);
                status["inbox"] = (0..300).map(|n| message(&format!("m-{n}"), "tell", &long[..60_000])).collect();
                status["reports"] = vec![status["reports"][0].clone(); 2000].into();
                (200, status)
            }
            "GET /v1/tickets" => {
                let (_, mut page) = usual(seen);
                page["tickets"][0]["title"] = long[..6_000].into();
                page["tickets"] = vec![page["tickets"][0].clone(); 1000].into();
                (200, page)
            }
            "GET /v1/tickets/3" => {
                let (_, mut detail) = usual(seen);
                detail["prompt"] = long.clone().into();
                detail["criteria"] = vec![long[..60_000].to_owned(); 100].into();
                (200, detail)
            }
            "GET /v1/tickets/3/diff" => {
                let (_, mut diff) = usual(seen);
                diff["text"] = long.into();
                (200, diff)
            }
            "GET /v1/tickets/3/deps" => {
                let (_, mut deps) = usual(seen);
                deps["dependencies"][0]["summary"] = long[..60_000].into();
                deps["dependencies"][0]["diff_summary"] = vec!["src/a.rs +1 -1"; 10_000].into();
                deps["dependencies"] = vec![deps["dependencies"][0].clone(); 20].into();
                (200, deps)
            }
            "GET /v1/tickets/why" => {
                let (_, mut page) = usual(seen);
                page["tickets"] = vec![page["tickets"][0].clone(); 2000].into();
                (200, page)
            }
            "GET /v1/org/agents/a-1/wait" => {
                let (_, mut run) = usual(seen);
                run["result"] = long.into();
                (200, run)
            }
            _ => usual(seen),
        }
    });
    let mut session = Session::open(caller(&fake, "t")).await;
    for (tool, arguments) in [
        ("legion-inbox", json!({})),
        ("legion-logs", json!({"agent": "a-1"})),
        ("legion-status", json!({"tree": true})),
        ("legion-status", json!({})),
        ("legion-wait", json!({"agent": "a-1"})),
        ("legion-check", json!({})),
        ("legion-check", json!({"ticket": 3})),
        ("legion-diff", json!({"ticket": 3})),
        ("legion-deps", json!({"ticket": 3})),
        ("legion-why", json!({})),
    ] {
        let result = session.call(tool, arguments).await;
        let text = result["content"][0]["text"].as_str().expect("a text");
        assert!((500..60_000).contains(&text.len()), "{tool}: {} bytes", text.len());
        let said = ["cut", "left_out", "agents_below", "[…]"].iter().any(|word| text.contains(word));
        assert!(said, "{tool} does not say that something is missing");
    }
    session.close().await;
}

#[tokio::test]
async fn a_tree_can_be_looked_at_from_below() {
    let mut session = Session::open(caller(&Fake::organisation(), "t")).await;
    let result = session.call("legion-status", json!({"tree": true, "agent": "a-1"})).await;
    assert_eq!(result["structuredContent"]["id"], "a-1");
    assert_eq!(result["structuredContent"]["reports"][0]["id"], "a-2");
    let result = session.call("legion-status", json!({"tree": true, "agent": "nobody"})).await;
    assert_eq!(result["structuredContent"]["error"]["code"], "LEG0005");
    session.close().await;
}

#[tokio::test]
async fn resources_are_read_by_their_address() {
    let mut session = Session::open(caller(&Fake::organisation(), "t")).await;
    for (uri, kind, word) in [
        ("legion://agents", "application/json", "a-2"),
        ("legion://agents/a-1", "application/json", "headcount"),
        ("legion://agents/a-1/logs", "text/plain", "stdout hello"),
        ("legion://messages/m-1", "application/json", "done"),
        ("legion://tickets", "application/json", "Parse options"),
        ("legion://tickets/3", "application/json", "write the parser"),
        ("legion://tickets/3/diff", "text/plain", "+added"),
        ("legion://tickets/3/log", "text/plain", "stdout hello"),
    ] {
        let answer = session.ask("resources/read", json!({"uri": uri})).await;
        let content = &answer["result"]["contents"][0];
        assert_eq!((content["uri"].as_str(), content["mimeType"].as_str()), (Some(uri), Some(kind)), "{answer}");
        assert!(content["text"].as_str().is_some_and(|text| text.contains(word)), "{answer}");
    }
    for uri in [
        "legion://agents/nobody",
        "legion://agents/",
        "legion://else",
        "file:///etc/passwd",
        "legion://agents/a-1/logs/x",
        "legion://tickets/three",
        "legion://tickets/9",
    ] {
        let answer = session.ask("resources/read", json!({"uri": uri})).await;
        assert_eq!(answer["error"]["code"], -32002, "{uri}: {answer}");
    }
    session.close().await;
}

#[tokio::test]
async fn prompts_hold_what_they_are_given() {
    let mut session = Session::open(caller(&Fake::organisation(), "t")).await;
    let lead =
        session.ask("prompts/get", json!({"name": "lead", "arguments": {"goal": "a parser with {focus}"}})).await;
    let text = lead["result"]["messages"][0]["content"]["text"].as_str().expect("a text");
    assert!(text.contains("a parser with {focus}") && !text.contains("{goal}"), "{text}");
    let split = session.ask("prompts/get", json!({"name": "split-tickets", "arguments": {"goal": "a parser"}})).await;
    let text = split["result"]["messages"][0]["content"]["text"].as_str().expect("a text");
    assert!(text.contains("a parser") && text.contains("legion-plan") && !text.contains("{goal}"), "{text}");
    let report = session.ask("prompts/get", json!({"name": "report"})).await;
    let text = report["result"]["messages"][0]["content"]["text"].as_str().expect("a text");
    assert!(!text.contains('{'), "{text}");
    let report = session.ask("prompts/get", json!({"name": "report", "arguments": {"focus": "the tests"}})).await;
    assert!(report["result"]["messages"][0]["content"]["text"].as_str().is_some_and(|text| text.contains("the tests")));
    for wrong in [json!({"name": "lead"}), json!({"name": "dance"}), json!({"name": "report", "arguments": {"x": "y"}})]
    {
        assert_eq!(session.ask("prompts/get", wrong.clone()).await["error"]["code"], -32602, "{wrong}");
    }
    session.close().await;
}
