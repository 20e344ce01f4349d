//! Agents that are held make their model calls through the gateway: it is all of the network that they have, or all that leads to a
//! model, and no key but their own token is in reach.

use std::io::Write as _;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::gateway::{KEY, OTHER_KEY, with_gateway_in};
use crate::support::{Legion, id, text};

/// The key of a provider that is kept in a file of the service.
const SEALED_KEY: &str = "sealed-key-canary";

/// A second provider, whose key lies in a file; calls go to the first one.
fn add_sealed(legion: &Legion) {
    let words = ["provider", "add", "spare", "--format", "anthropic", "--url", "http://127.0.0.1:9", "--key-stdin"];
    let mut adding = legion.command(&words).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("it runs");
    writeln!(adding.stdin.take().expect("a pipe"), "{SEALED_KEY}").expect("written");
    assert!(adding.wait().expect("it ends").success());
    legion.ok(&["route", "set", "--default", "upstream"]);
}

/// What is said of a way to a model past the gateway. The command that says it does not hold it: commands are looked at, too.
const WAY_PAST: &str = "way-past-the-gateway";

/// Everything that lies about where a key may be, for whoever can read it; and the port that leads to the provider without the gateway,
/// for whoever can connect to it.
fn look_around(legion: &Legion) -> String {
    let data = legion.data();
    // It is opened for agents that have no gateway: here, as for one that outlived its service.
    legion.ok(&["down"]);
    std::fs::write(data.join("model-port"), "0").expect("written");
    legion.start();
    let port = std::fs::read_to_string(data.join("model-port")).expect("the service wrote it");
    format!(
        "env; cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline; cat {0}/gateway/* {0}/token {0}/key; \
         curl -s --noproxy '*' -m 5 http://127.0.0.1:{1}/; test $? -eq 7 || echo way-past''-the-gateway",
        data.display(),
        port.trim()
    )
}

fn wait(legion: &Legion, agent: &str) -> Value {
    let output = legion.run(&["wait", agent, "--timeout", "120s", "--json"]);
    let out = text(&output.stdout);
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("no run ({error}): {out}{}", text(&output.stderr)))
}

fn line_of(legion: &Legion, agent: &str) -> Value {
    let cost = legion.json(&["cost", "--by", "agent"]);
    let lines = cost["lines"].as_array().expect("lines");
    lines.iter().find(|line| line["id"] == agent).cloned().unwrap_or_else(|| panic!("no line of {agent}: {cost}"))
}

/// Whether neither an agent nor anybody below it works or has something to read.
fn at_rest(legion: &Legion, agent: &str) -> bool {
    let working = legion.json(&["tree", "--status", "working"])["reports"] != json!([]);
    let waiting = legion.json(&["status", agent])["inbox"].as_array().is_none_or(|inbox| !inbox.is_empty());
    !working && !waiting
}

/// A whole tool loop with a report that is hired through MCP, both counted; no key in reach; then a budget ends the next run before any
/// provider is asked.
async fn claude_works_held(version: &str, tier: &str) {
    let Some((legion, model)) = with_gateway_in(version, tier).await else { return };
    add_sealed(&legion);
    let look = look_around(&legion);
    // The control: whoever is not held finds all of them there.
    let control = std::process::Command::new("sh").args(["-c", &look]).stderr(Stdio::null()).output().expect("sh runs");
    for thing in [KEY, SEALED_KEY, OTHER_KEY, WAY_PAST] {
        assert!(text(&control.stdout).contains(thing), "`{thing}` is nowhere: the probe finds nothing");
    }
    let command = format!("{{ {look}; }} > found.txt 2> /dev/null; echo looked");
    let below = json!({"task": "below @@[{\"text\": \"below is done\"}]@@", "name": "below"});
    let steps = json!([
        {"tool": "Write", "input": {"file_path": legion.work().join("a.txt"), "content": "a"}},
        {"tool": "Bash", "input": {"command": command, "description": "look around"}},
        {"tool": "mcp__legion__legion-hire", "input": below},
        {"text": "it says {{result:1}}"},
        {"text": "heard"}, {"text": "heard"},
    ]);
    let task = format!("Work. @@{steps}@@");
    let hired = legion.json(&["hire", &task, "--driver", "claude", "--model", "claude-sonnet-4-5", "--name", "ann"]);
    assert_eq!(hired["tier"], tier, "{hired}");
    let agent = id(&hired);
    let run = wait(&legion, &agent);
    assert!(
        run["outcome"] == "completed" && run["result"].as_str().is_some_and(|text| text.contains("looked")),
        "{run}"
    );
    assert_eq!(std::fs::read_to_string(legion.work().join("a.txt")).expect("it wrote"), "a");

    // Its report is held as it is, and reaches it.
    legion.until("the report reached it", || model.saw(&agent, "below is done").then_some(()));
    legion.until("nobody has anything to do", || at_rest(&legion, &agent).then_some(()));
    let reports = legion.json(&["status", &agent])["reports"].clone();
    let below = id(&reports[0]);
    assert_eq!(legion.json(&["status", &below])["agent"]["tier"], tier, "{reports}");

    // It found its own token, and no key.
    let found = std::fs::read(legion.work().join("found.txt")).expect("it looked");
    let found = text(&found);
    assert!(found.contains("LEGION_TOKEN=lgn_"), "the probe saw nothing: {found}");
    for thing in [KEY, SEALED_KEY, OTHER_KEY, WAY_PAST] {
        assert!(!found.contains(thing), "`{thing}`, for an agent in tier {tier}");
    }
    // The provider got its own key, and no token.
    let requests = model.requests();
    assert!(requests.len() >= 6, "{}", model.dump());
    for request in &requests {
        assert_eq!(request.api_key.as_deref(), Some(KEY));
        assert!(!format!("{:?}", request.headers).contains("lgn_"), "a token went to the provider");
    }
    // Each call is counted, once, for whoever made it; those of the report count against what is set for everybody below its leader.
    let (line, line_below) = (line_of(&legion, &agent), line_of(&legion, &below));
    let number = |line: &Value, field: &str| line[field].as_u64().unwrap_or_else(|| panic!("no {field}: {line}"));
    assert_eq!((&line["name"], &line_below["name"]), (&json!("ann"), &json!("below")));
    for line in [&line, &line_below] {
        assert!(number(line, "cost_nanos") > 0 && line["unknown_calls"] == 0, "{line}");
    }
    let calls = number(&line, "calls") + number(&line_below, "calls");
    assert_eq!(calls, requests.len() as u64, "{line} {line_below}\n{}", model.dump());
    let both = number(&line, "charged_nanos") + number(&line_below, "charged_nanos");
    legion.ok(&["budget", "set", "subtree=ann", &format!("0.{both:09}")]);
    let budgets = legion.json(&["budget", "list"])["budgets"].clone();
    let of_ann =
        budgets.as_array().and_then(|all| all.iter().find(|line| line["agent_name"] == "ann")).expect("its line");
    assert_eq!(of_ann["spent"], of_ann["limit"], "what both have spent: {budgets}");
    legion.ok(&["budget", "remove", "subtree=ann"]);
    let heard = legion.reports_of(&agent).len();

    legion.ok(&["budget", "set", "agent=ann", "0.000001"]);
    legion.ok(&["tell", &agent, "go on"]);
    let report = legion.until("the end of its second run", || legion.reports_of(&agent).into_iter().nth(heard));
    assert!(report.contains("ended by a limit") && report.contains("the budget of agent ann is used up"), "{report}");
    let run = legion.json(&["status", &agent])["last_run"].clone();
    assert!(run.is_null() || run["outcome"] == "limit", "{run}");
    assert_eq!(model.requests().len(), requests.len(), "a provider was asked over the budget: {}", model.dump());
    assert_eq!(line_of(&legion, &agent)["calls"], line["calls"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn claude_works_in_full_197() {
    claude_works_held("2.1.197", "full").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn claude_works_in_full_329() {
    claude_works_held("2.1.329", "full").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn claude_works_in_landlock_197() {
    claude_works_held("2.1.197", "landlock").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn claude_works_in_landlock_329() {
    claude_works_held("2.1.329", "landlock").await;
}

/// Names of sockets that are in sight.
fn sockets(legion: &Legion) -> String {
    format!(
        "find {} -type s | sort > sockets.part; mv sockets.part sockets.txt\n",
        legion.dir.path().join("run").display()
    )
}

/// Any program that is held finds the gateway by its variables, and is told in its dialect that its budget is used up. It is ended then,
/// so it does not listen to signals until it has written down what it was told.
const CALLS: &str = r#"
trap '' INT TERM
ask() {
    curl -s -i --max-time 30 "$ANTHROPIC_BASE_URL/v1/messages" -H "authorization: Bearer $ANTHROPIC_AUTH_TOKEN" \
        -H 'content-type: application/json' -H 'anthropic-version: 2023-06-01' \
        -d '{"model": "claude-sonnet-4-5", "max_tokens": 64, "messages": [{"role": "user", "content": "hello"}]}'
}
ask > first.txt
ask > part.txt
mv part.txt second.txt
"#;

async fn a_budget_speaks_to_any_program(tier: &str) {
    let Some((legion, model)) = with_gateway_in("2.1.329", tier).await else { return };
    legion.dir.file("work/agent.sh", sockets(&legion) + CALLS);
    legion.ok(&["budget", "set", "agent", "0.000000001"]);
    let agent = id(&legion.json(&["hire", "call", "--driver", "command", "--command", "sh agent.sh", "--name", "bob"]));
    let second = legion.until("its second answer", || std::fs::read_to_string(legion.work().join("second.txt")).ok());
    let first = std::fs::read_to_string(legion.work().join("first.txt")).expect("its first answer");
    assert!(first.starts_with("HTTP/1.1 200"), "{tier}: {first}");
    let (head, body) = second.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{tier}: no answer: {second}"));
    let head = head.to_ascii_lowercase();
    assert!(head.starts_with("http/1.1 429") && !head.contains("retry-after"), "{tier}: {head}");
    assert!(head.contains("x-should-retry: false"), "{tier}: {head}");
    let error: Value = serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {body}"));
    assert_eq!((&error["type"], &error["error"]["type"]), (&json!("error"), &json!("rate_limit_error")), "{error}");
    let message = error["error"]["message"].as_str().unwrap_or_default();
    assert!(message.contains("the budget of agent bob is used up"), "{error}");
    let run = wait(&legion, &agent);
    assert!(run["outcome"] == "limit" && run["error"].as_str().is_some_and(|why| why.contains("agent bob")), "{run}");
    assert_eq!(model.requests().len(), 1, "{}", model.dump());
    assert_eq!(line_of(&legion, &agent)["calls"], 1);
    if tier == "full" {
        // The gateway is the only way: the one to the provider, past it, is not in sight.
        let seen = std::fs::read_to_string(legion.work().join("sockets.txt")).expect("it looked");
        assert!(seen.contains("/gateway\n") && seen.contains("/api\n") && !seen.contains("/model\n"), "{seen}");
        let all =
            std::process::Command::new("sh").args(["-c", &sockets(&legion)]).current_dir(legion.dir.path()).status();
        assert!(all.expect("sh runs").success());
        assert!(legion.dir.read("sockets.txt").contains("/model\n"), "the control: there is such a socket");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_budget_speaks_to_any_program_in_full() {
    a_budget_speaks_to_any_program("full").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_budget_speaks_to_any_program_in_landlock() {
    a_budget_speaks_to_any_program("landlock").await;
}
