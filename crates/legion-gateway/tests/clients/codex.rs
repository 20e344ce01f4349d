//! Codex.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use legion_gateway::Dialect;
use legion_testkit::{codex_env, npm};
use serde_json::{Value, json};
use tokio::process::{Child, Command};

use crate::script::{PIXEL, check_image, check_interruption, check_loop};
use crate::through::Through;

/// Enough for a program that needs a second, on a machine that is busy.
const DEADLINE: Duration = Duration::from_secs(90);

fn start(program: &Path, arguments: &[&str], through: &Through, prompt: &str) -> Child {
    Command::new(program)
        .args(["exec", "--json", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox"])
        .args(arguments)
        .arg(prompt)
        .env_clear()
        .envs(codex_env(&through.directory.dir("home"), &through.openai_url()))
        .current_dir(through.directory.dir("work"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("starts")
}

/// Runs it to its end. Gives the last thing that it said.
async fn run(program: &Path, arguments: &[&str], through: &Through, prompt: &str) -> Value {
    let child = start(program, arguments, through, prompt);
    let ended = tokio::time::timeout(DEADLINE, child.wait_with_output()).await;
    let output = ended.unwrap_or_else(|_| panic!("still running\n{}", through.server.dump())).expect("is waited for");
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    let values = lines.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let texts: Vec<Value> = values.map(|value| value["item"]["text"].clone()).filter(Value::is_string).collect();
    texts.last().cloned().unwrap_or_else(|| panic!("{output:?}\n{}", through.server.dump()))
}

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
    let said = run(&program, &[], &through, &format!("go @@{script}@@")).await;
    assert_eq!(said, "all is done", "{}", through.server.dump());
    check_loop(&through, upstream, &["sealed/+="]).await;
    check_image(&through);
    // The conversation goes on where it was, with everything that the provider sealed.
    let said = run(&program, &["resume", "--last"], &through, r#"more @@[{"text": "I go on"}]@@"#).await;
    assert_eq!(said, "I go on", "{}", through.server.dump());
    check_loop(&through, upstream, &["sealed/+="]).await;
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

/// An interrupted answer is cut at the provider, counted, and gone on with.
async fn an_interruption(upstream: Dialect) {
    let Ok(program) = npm::codex() else { return };
    let through = Through::start(upstream).await;
    let script = json!([
        {"tool": "exec_command", "input": {"cmd": "printf hello"}},
        {"text": "never to be finished", "hold": "for ever", "chunks": 4},
    ]);
    let mut child = start(&program, &[], &through, &format!("go @@{script}@@"));
    through.until_streaming(DEADLINE, "hello").await;
    check_interruption(&through, &mut child).await;
    let said = run(&program, &["resume", "--last"], &through, r#"on @@[{"text": "I go on"}]@@"#).await;
    assert_eq!(said, "I go on", "{}", through.server.dump());
    let last = through.received().pop().expect("asked");
    assert!(last.tool_results().iter().any(|result| result.contains("hello")), "{}", through.server.dump());
}

#[tokio::test]
async fn an_interruption_at_a_provider_of_messages() {
    an_interruption(Dialect::Anthropic).await;
}

#[tokio::test]
async fn an_interruption_at_a_provider_of_chat() {
    an_interruption(Dialect::Chat).await;
}
