//! The real Codex on the scripted model server, with nothing between them.

use std::process::{Output, Stdio};
use std::time::Duration;

use legion_testkit::model_server::Dialect;
use legion_testkit::{ModelServer, TestDir, codex_env, npm};
use serde_json::{Value, json};
use tokio::process::Command;

/// Enough for a program that needs a second, on a machine that is busy.
const DEADLINE: Duration = Duration::from_secs(90);

async fn codex(directory: &TestDir, server: &ModelServer, prompt: &str) -> Option<Output> {
    let program = npm::codex().ok()?;
    let child = Command::new(program)
        .args(["exec", "--json", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", prompt])
        .env_clear()
        .envs(codex_env(&directory.dir("home"), &server.openai_url()))
        .current_dir(directory.dir("work"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let ended = tokio::time::timeout(DEADLINE, child.wait_with_output()).await;
    Some(ended.unwrap_or_else(|_| panic!("still running after {DEADLINE:?}\n{}", server.dump())).unwrap())
}

/// Returns the texts of the agent's messages.
fn messages(output: &Output) -> Vec<String> {
    let lines = String::from_utf8_lossy(&output.stdout);
    let values = lines.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let items = values.filter(|value| value["type"] == "item.completed").map(|value| value["item"].clone());
    items.filter(|item| item["type"] == "agent_message").map(|item| item["text"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_tool_loop_runs_commands_and_uses_results() {
    let (server, directory) = (ModelServer::start().await, TestDir::outside_tmp());
    let script = json!([
        {"thinking": "hm", "signature": "sealed", "text": "I write", "tool": "exec_command",
            "input": {"cmd": "printf hello > hello.txt"}},
        {"tools": [
            {"tool": "exec_command", "input": {"cmd": "cat hello.txt"}},
            {"tool": "exec_command", "input": {"cmd": "printf world"}},
        ], "fragments": 3, "interleave": true},
        {"text": "done", "chunks": 3, "error": 500, "times": 1},
    ]);
    let Some(output) = codex(&directory, &server, &format!("go @@{script}@@")).await else { return };
    let shown = format!("{output:?}\n{}", server.dump());
    assert!(output.status.success(), "{shown}");
    assert_eq!(messages(&output), ["I write", "done"], "{shown}");
    assert_eq!(directory.read("work/hello.txt"), "hello");
    let last = server.requests().pop().unwrap();
    assert!(last.dialect == Dialect::Responses && last.session.is_some(), "{shown}");
    assert_eq!(last.authorization.as_deref(), Some("Bearer dummy-key"));
    let results = last.tool_results();
    assert!(results[1].contains("hello") && results[2].contains("world"), "{results:?}");
    let thought = last.messages.iter().flat_map(|message| message["content"].as_array()).flatten();
    let mut signatures = thought.filter(|block| block["type"] == "thinking").map(|block| &block["signature"]);
    assert_eq!(signatures.next(), Some(&json!("sealed")), "{shown}");
}
