//! Codex.

use std::process::Stdio;
use std::time::Duration;

use legion_gateway::Dialect;
use legion_testkit::{codex_env, npm};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::script::{PIXEL, check_image, check_loop};
use crate::through::Through;

/// Enough for a program that needs a second, on a machine that is busy.
const DEADLINE: Duration = Duration::from_secs(90);

async fn a_tool_loop(upstream: Dialect) {
    let Ok(program) = npm::codex() else { return };
    let through = Through::start(upstream).await;
    through.directory.file("work/pixel.png", PIXEL);
    let script = json!([
        {"thinking": "hm", "signature": "sealed/+=", "text": "I write", "tool": "exec_command",
            "input": {"cmd": "printf hello > hello.txt"}},
        {"tools": [
            {"tool": "exec_command", "input": {"cmd": "cat hello.txt"}},
            {"tool": "exec_command", "input": {"cmd": "printf world"}},
        ], "fragments": 5, "interleave": true, "no-index": true, "late-arguments": true},
        {"tool": "view_image", "input": {"path": through.directory.path().join("work/pixel.png")}},
        {"text": "all is done", "chunks": 3},
    ]);
    let child = Command::new(program)
        .args(["exec", "--json", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox"])
        .arg(format!("go @@{script}@@"))
        .env_clear()
        .envs(codex_env(&through.directory.dir("home"), &through.openai_url()))
        .current_dir(through.directory.dir("work"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("starts");
    let ended = tokio::time::timeout(DEADLINE, child.wait_with_output()).await;
    let output = ended.unwrap_or_else(|_| panic!("still running\n{}", through.server.dump())).expect("is waited for");
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    let values = lines.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let texts: Vec<Value> = values.map(|value| value["item"]["text"].clone()).filter(Value::is_string).collect();
    assert_eq!(texts.last(), Some(&json!("all is done")), "{output:?}\n{}", through.server.dump());
    check_loop(&through, upstream, &["sealed/+="]).await;
    check_image(&through);
}

#[tokio::test]
async fn a_tool_loop_at_a_provider_of_messages() {
    a_tool_loop(Dialect::Anthropic).await;
}

#[tokio::test]
async fn a_tool_loop_at_a_provider_of_chat() {
    a_tool_loop(Dialect::Chat).await;
}

#[tokio::test]
async fn a_tool_loop_at_a_provider_of_responses() {
    a_tool_loop(Dialect::Responses).await;
}
