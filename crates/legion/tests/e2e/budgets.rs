//! Budgets that are set while money is set aside already.

use std::process::{Command, Stdio};

use legion_testkit::ModelServer;
use serde_json::json;

use crate::support::{Legion, id};

/// Makes a call as the person, or as an agent. Gives the status and the body.
fn call(legion: &Legion, agent: Option<&str>) -> (String, String) {
    let urls = legion.json(&[&["gateway", "url"][..], agent.as_slice()].concat());
    let url = format!("{}/v1/messages", urls["anthropic"].as_str().expect("a url"));
    let body = json!({"model": "claude-sonnet-4-5", "max_tokens": 64, "messages": [{"role": "user", "content": "hi"}]});
    let mut curl = Command::new("curl");
    curl.args(["-s", "-m", "60", "-w", "\n%{http_code}", "--noproxy", "*", "-H", "content-type: application/json"]);
    let output = curl.args(["-d", &body.to_string(), &url]).stdin(Stdio::null()).output().expect("curl runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let (body, status) = text.rsplit_once('\n').unwrap_or_else(|| panic!("no answer: {output:?}"));
    (status.to_owned(), body.to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_budget_that_is_set_or_lowered_holds_for_the_next_call() {
    let model = ModelServer::start().await;
    let legion = Legion::with(&[("LEGION_TIER", "none"), ("LEGION_GATEWAY_LISTEN", "127.0.0.1:0"), ("KEY", "k")]);
    legion.start();
    legion.ok(&["provider", "add", "p", "--format", "anthropic", "--url", &model.url(), "--key-env", "KEY"]);
    let agent = id(&legion.json(&["hire", "idle", "--driver", "command", "--command", "sleep 1000", "--name", "ann"]));
    legion.until("its address", || legion.run(&["gateway", "url", &agent]).status.success().then_some(()));

    // Each has a grant that would do for many calls.
    assert_eq!(call(&legion, None).0, "200");
    assert_eq!(call(&legion, Some(&agent)).0, "200");
    let sent = model.requests().len();
    legion.ok(&["budget", "set", "day", "0.000001"]);
    let (status, body) = call(&legion, None);
    assert!(status == "429" && body.contains("over budget"), "{status} {body}");
    legion.ok(&["budget", "set", "day", "5"]);
    assert_eq!(call(&legion, None).0, "200");
    assert_eq!(call(&legion, Some(&agent)).0, "200");
    legion.ok(&["budget", "set", &format!("agent={agent}"), "0.000001"]);
    let (status, body) = call(&legion, Some(&agent));
    assert!(status == "429" && body.contains("the budget of agent ann"), "{status} {body}");
    assert_eq!(model.requests().len(), sent + 2, "{}", model.dump());
    let report = legion.until("the end of its run", || legion.reports_of(&agent).into_iter().next());
    assert!(report.contains("ended by a limit"), "{report}");
    // Nobody else is meant.
    assert_eq!(call(&legion, None).0, "200");
}
