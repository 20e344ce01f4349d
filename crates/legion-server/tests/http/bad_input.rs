//! Bad input: each a clear answer, and nothing happens.

use http::Method;
use legion_api::paths;
use legion_model::Bounds;
use serde_json::{Value, json};

use crate::support::{Bench, SLEEPER, bench, bench_with, nobody};

async fn refused(bench: &Bench, hire: &Value, code: &str, words: &str) {
    let problem = bench.post(paths::AGENTS, hire).refused(code).await;
    let said = format!("{} {}", problem["detail"], problem["hint"]);
    assert!(said.contains(words), "{hire}: {said}");
}

fn with(mut hire: Value, changes: &[(&str, Value)]) -> Value {
    for (name, value) in changes {
        hire[*name] = value.clone();
    }
    hire
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_cannot_be_understood_is_refused_with_the_place() {
    let bench = bench().await;
    let cases: &[(&[u8], &str)] = &[
        (b"", "task"),
        (b"{", "EOF"),
        (b"[]", "expected struct"),
        (b"{}", "missing field `task`"),
        (b"{\"task\":\"\xff\xfe\"}", "no UTF-8 at byte 9"),
        (br#"{"task":1}"#, "task: invalid type"),
        (br#"{"task":"x","colour":"red"}"#, "unknown field `colour`"),
        (br#"{"task":"x","max_turns":-1}"#, "max_turns: invalid value"),
        (br#"{"task":"x","driver":"robot"}"#, "driver: unknown variant `robot`"),
        (br#"{"task":"x","tools":"Read"}"#, "tools: invalid type"),
        (br#"{"task":"x"} trailing"#, "trailing"),
        (br#"{"task":"x","task":"y"}"#, "duplicate field"),
    ];
    for (body, words) in cases {
        let problem = bench.ask(Method::POST, paths::AGENTS).body("application/json", body.to_vec()).refused("LEG0001");
        let detail = problem.await["detail"].as_str().expect("a detail").to_owned();
        assert!(detail.contains(words), "{}: {detail}", String::from_utf8_lossy(body));
    }
    assert_eq!(bench.position().await, 0);
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hires_that_cannot_be_are_refused_with_a_reason() {
    let bench = bench_with(Bounds { depth_max: 2, tier: legion_model::Tier::None, ..Bounds::default() }).await;
    let limited = with(
        bench.hiring("boss", SLEEPER),
        &[
            ("tools", json!(["Read", "Edit"])),
            ("budget_usd", json!(2.0)),
            ("models", json!(["small"])),
            ("model", json!("small")),
            ("max_turns", json!(5)),
            ("permission_mode", json!("default")),
        ],
    );
    let boss = bench.post(paths::AGENTS, &limited).expect(201).await;
    assert!(boss["warnings"].as_array().expect("a list").len() >= 2, "{boss}");
    let report = with(bench.hiring("report", SLEEPER), &[("parent", json!("boss"))]);
    let hired = bench.post(paths::AGENTS, &report).expect(201).await;
    assert_eq!((&hired["level"], &hired["parent"]), (&json!(2), &boss["id"]));
    for agent in [&boss, &hired] {
        bench.at_work(agent["id"].as_str().expect("an id")).await;
    }
    let before = bench.position().await;
    let plain = bench.hiring("new", "cat");
    let below = with(plain.clone(), &[("parent", json!("boss"))]);
    let large = "x".repeat(1024 * 1024 + 1);
    let dir = bench.directory.path().join("work/sub");
    std::fs::create_dir(&dir).expect("made");
    std::os::unix::fs::symlink(bench.dir("other"), bench.dir("work/link")).expect("made");
    let cases = [
        (with(plain.clone(), &[("task", json!(""))]), "LEG0001", "the task is empty"),
        (with(plain.clone(), &[("task", json!(" \n"))]), "LEG0001", "the task is empty"),
        (with(plain.clone(), &[("task", json!(large))]), "LEG0008", "at most 1048576"),
        (with(plain.clone(), &[("cwd", Value::Null)]), "LEG0001", "--cwd"),
        (with(plain.clone(), &[("cwd", json!("work"))]), "LEG0001", "not an absolute path"),
        (with(plain.clone(), &[("cwd", json!("/no/such/place"))]), "LEG0001", "cannot be used"),
        (with(plain.clone(), &[("cwd", json!("/dev/null"))]), "LEG0001", "not a directory"),
        (with(plain.clone(), &[("name", json!("a b"))]), "LEG0001", "is not a name"),
        (with(plain.clone(), &[("name", json!("boss"))]), "LEG0006", "called `boss` already"),
        (with(plain.clone(), &[("tools", json!(["Fly"]))]), "LEG0001", "no tool is called `Fly`"),
        (with(plain.clone(), &[("permission_mode", json!("yolo"))]), "LEG0001", "no permission mode"),
        (with(plain.clone(), &[("command", json!("'open"))]), "LEG0001", "open quote"),
        (with(plain.clone(), &[("command", json!(""))]), "LEG0001", "the command is empty"),
        (with(plain.clone(), &[("driver", json!("claude")), ("command", Value::Null)]), "LEG0012", "npm install"),
        (with(plain.clone(), &[("budget_usd", json!(-1.0))]), "LEG0001", "not an amount"),
        (with(plain.clone(), &[("timeout_seconds", json!(0))]), "LEG0001", "timeout"),
        (with(plain.clone(), &[("parent", json!(nobody()))]), "LEG0005", "no agent"),
        (with(below.clone(), &[("cwd", json!(bench.dir("other")))]), "LEG0009", "outside"),
        (with(below.clone(), &[("cwd", json!(bench.dir("work/link")))]), "LEG0009", "outside"),
        (with(below.clone(), &[("tools", json!(["Bash"]))]), "LEG0009", "not among the tools"),
        (with(below.clone(), &[("budget_usd", json!(3.0))]), "LEG0009", "more than the $2.000000"),
        (with(below.clone(), &[("model", json!("large"))]), "LEG0009", "not among the models"),
        (with(below.clone(), &[("max_turns", json!(6))]), "LEG0009", "max turns"),
        (with(below.clone(), &[("permission_mode", json!("acceptEdits"))]), "LEG0009", "laxer"),
        (with(plain.clone(), &[("parent", json!("report"))]), "LEG0009", "depth limit is 2"),
    ];
    for (hire, code, words) in cases {
        refused(&bench, &hire, code, words).await;
    }
    assert_eq!(bench.position().await, before, "nothing happened");
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_ten_megabytes_is_too_large_however_it_is_sent() {
    let bench = bench().await;
    let task = format!(r#"{{"task":"{}"}}"#, "x".repeat(10 * 1024 * 1024));
    let whole = bench.ask(Method::POST, paths::AGENTS).body("application/json", task.clone());
    whole.header("content-length", &task.len().to_string()).refused("LEG0008").await;
    let pieces: Vec<Result<Vec<u8>, std::io::Error>> =
        task.into_bytes().chunks(64 * 1024).map(|piece| Ok(piece.to_vec())).collect();
    let chunked = axum::body::Body::from_stream(futures_util::stream::iter(pieces));
    let problem = bench.ask(Method::POST, paths::AGENTS).body("application/json", chunked).refused("LEG0008").await;
    assert!(problem["hint"].as_str().expect("a hint").contains("file"), "{problem}");
    bench.get(paths::STATUS).header("x-filler", &"x".repeat(20_000)).refused("LEG0008").await;
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_ids_queries_and_messages_are_refused_with_a_reason() {
    let bench = bench().await;
    let worker = bench.worker("worker", None).await;
    let before = bench.position().await;
    let agent = |path: &str| format!("/v1/org/agents/{}{path}", worker.id);
    let nobody = nobody();
    for (path, code) in [
        (format!("/v1/org/agents/{nobody}"), "LEG0005"),
        ("/v1/org/agents/nobody".to_owned(), "LEG0005"),
        ("/v1/org/agents/%ff".to_owned(), "LEG0001"),
        ("/v1/org/agents/%00".to_owned(), "LEG0001"),
        (format!("/v1/org/agents/{}", "a".repeat(600)), "LEG0001"),
        ("/v1/org/agents/root/logs".to_owned(), "LEG0001"),
        ("/v1/org/agents/root/wait".to_owned(), "LEG0001"),
        (agent("/logs?lines=0"), "LEG0001"),
        (agent("/logs?lines=10001"), "LEG0001"),
        (agent("/logs?lines=many"), "LEG0001"),
        (agent("/logs?after=nowhere"), "LEG0001"),
        (agent("/wait?timeout_seconds=31"), "LEG0001"),
        (agent("/wait?timeout=1"), "LEG0001"),
        ("/v1/org/agents?limit=0".to_owned(), "LEG0001"),
        ("/v1/org/agents?limit=501".to_owned(), "LEG0001"),
        ("/v1/org/agents?after=x".to_owned(), "LEG0001"),
        ("/v1/org/agents?status=busy".to_owned(), "LEG0001"),
        ("/v1/org/agents?level=top".to_owned(), "LEG0001"),
        ("/v1/org/agents?project=/no/such".to_owned(), "LEG0005"),
        ("/v1/org/tree?parent=nobody".to_owned(), "LEG0005"),
        (format!("/v1/org/messages/{nobody}"), "LEG0005"),
        ("/v1/org/messages/xyz".to_owned(), "LEG0005"),
        ("/v1/events?after=1000000".to_owned(), "LEG0001"),
        ("/v1/events?after=-1".to_owned(), "LEG0001"),
        ("/v1/events?kind=,".to_owned(), "LEG0001"),
        ("/v1/events?agent=root".to_owned(), "LEG0001"),
    ] {
        bench.get(path).refused(code).await;
    }
    bench.get(paths::EVENTS).header("last-event-id", "abc").refused("LEG0001").await;
    let tell = |text: &str| bench.post(agent("/messages"), &json!({ "text": text }));
    tell("").refused("LEG0001").await;
    tell(&"x".repeat(1024 * 1024 + 1)).refused("LEG0008").await;
    let past = json!({ "text": "x", "by": "2020-01-01T00:00:00Z" });
    bench.post(agent("/messages"), &past).refused("LEG0001").await;
    bench.post(agent("/messages"), &json!({ "text": "x", "by": "soon" })).refused("LEG0001").await;
    bench.post("/v1/org/agents/root/messages", &json!({ "text": "x" })).refused("LEG0001").await;
    bench.post(agent("/interrupt"), &json!({ "text": "" })).refused("LEG0001").await;
    bench.post(paths::INBOX_ACK, &json!({ "messages": [nobody] })).refused("LEG0005").await;
    bench.post(format!("/v1/org/approvals/{nobody}"), &json!({ "decision": "deny" })).refused("LEG0005").await;
    bench.post(format!("/v1/org/approvals/{nobody}"), &json!({ "decision": "maybe" })).refused("LEG0001").await;
    bench.ask(Method::DELETE, "/v1/org/agents/root").refused("LEG0001").await;
    bench.ask(Method::DELETE, agent("?keep_reports=perhaps")).refused("LEG0001").await;
    bench.ask(Method::PUT, paths::AGENTS).refused("LEG0016").await;
    bench.get("/v2").refused("LEG0005").await;
    for (path, code) in [("copy", "LEG0001"), ("/no/such/dir/copy", "LEG0001"), ("/dev/null", "LEG0006")] {
        bench.post(paths::SERVICE_BACKUP, &json!({ "path": path })).refused(code).await;
    }
    bench.post(paths::SERVICE_BACKUP, &json!({ "path": bench.dir("fails") })).refused("LEG0015").await;
    assert_eq!(bench.position().await, before, "nothing happened");
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_said_and_nothing_is_lost() {
    let bench = bench().await;
    bench.hire("first", SLEEPER).expect(201).await;
    bench.log.set_full(true);
    bench.hire("second", SLEEPER).refused("LEG0013").await;
    bench.log.set_full(false);
    bench.hire("second", SLEEPER).expect(201).await;
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_longest_text_may_be_written_in_any_way() {
    let bench = bench().await;
    let worker = bench.worker("worker", None).await;
    let messages = format!("/v1/org/agents/{}/messages", worker.id);
    // Each byte takes six in JSON.
    let text = "\u{1}".repeat(1024 * 1024);
    let told = bench.post(&messages, &json!({ "text": text })).expect(201).await;
    let message = bench.get(format!("/v1/org/messages/{}", told["id"].as_str().expect("an id"))).expect(200).await;
    assert_eq!(message["text"].as_str().map(str::len), Some(text.len()));
    bench.post(&messages, &json!({ "text": format!("{text}x") })).refused("LEG0008").await;
    bench.end().await;
}
