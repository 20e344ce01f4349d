//! Lanes that a provider closed: they are the same for callers after a crash of the service.

use std::process::{Command, Stdio};

use legion_testkit::ModelServer;
use serde_json::{Value, json};

use crate::support::Legion;

/// Calls as the person, at the door of one dialect. Gives the status, the headers that programs obey, and the body.
fn call(legion: &Legion, door: &str, path: &str) -> (String, Vec<String>, String) {
    let urls = legion.json(&["gateway", "url"]);
    let url = format!("{}{path}", urls[door].as_str().expect("a url"));
    let said = json!([{"role": "user", "content": r#"Say it. @@[{"error": 402}]@@"#}]);
    let body = match path {
        "/responses" => json!({"model": "gpt-5.2", "input": said}),
        "/chat/completions" => json!({"model": "gpt-5.2", "messages": said}),
        _ => json!({"model": "claude-sonnet-4-5", "max_tokens": 64, "messages": said,
            "tools": [{"name": "look", "input_schema": {"type": "object"}}]}),
    };
    let mut curl = Command::new("curl");
    curl.args(["-s", "-i", "-m", "60", "--noproxy", "*", "-H", "content-type: application/json"]);
    let output = curl.args(["-d", &body.to_string(), &url]).stdin(Stdio::null()).output().expect("curl runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {output:?}"));
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).expect("a status").to_owned();
    let obeyed = |line: &&str| ["retry-after:", "x-should-retry:"].iter().any(|name| line.starts_with(name));
    (status, lines.filter(obeyed).map(str::to_owned).collect(), body.to_owned())
}

fn closed(legion: &Legion) -> Value {
    legion.json(&["provider", "list"])["providers"][0]["closed"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_lane_that_lacks_money_says_so_until_the_same_time_after_a_kill() {
    let model = ModelServer::start().await;
    let legion = Legion::with(&[("LEGION_TIER", "none"), ("LEGION_GATEWAY_LISTEN", "127.0.0.1:0"), ("KEY", "k")]);
    legion.start();
    legion.ok(&["provider", "add", "p", "--format", "anthropic", "--url", &model.url(), "--key-env", "KEY"]);
    let doors = [("anthropic", "/v1/messages"), ("openai", "/chat/completions"), ("openai", "/responses")];
    let ask = || doors.map(|(door, path)| call(&legion, door, path));

    let (status, ..) = call(&legion, "anthropic", "/v1/messages");
    assert_eq!(status, "402", "the provider's own word");
    let lane = legion.until("the lane to be closed in the log", || {
        let lane = closed(&legion);
        lane[0]["until"].is_string().then_some(lane)
    });
    let until = lane[0]["until"].as_str().expect("a time").to_owned();
    let before = ask();
    for (_, obeyed, body) in &before {
        assert_eq!(obeyed, &["x-should-retry: false"], "waiting does not help: {body}");
        assert!(body.contains(&until), "{until}: {body}");
    }
    assert!(before[1].2.contains("insufficient_quota"), "{before:?}");

    legion.kill_service();
    legion.start();
    assert_eq!(closed(&legion), lane);
    assert_eq!(ask(), before);
    assert_eq!(model.requests().len(), 1, "{}", model.dump());
}
