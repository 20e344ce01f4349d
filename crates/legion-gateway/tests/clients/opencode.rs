//! opencode, which speaks every dialect itself: each of them meets another one at the provider.

use std::process::Stdio;
use std::time::Duration;

use legion_gateway::Dialect;
use legion_testkit::model_server;
use legion_testkit::{npm, opencode_env};
use serde_json::json;
use tokio::process::Command;

use crate::script::check_loop;
use crate::through::Through;

/// It starts within three seconds when the machine is idle, and within twenty when it is not.
const DEADLINE: Duration = Duration::from_secs(150);

async fn a_tool_loop(client: Dialect, upstream: Dialect) {
    let Ok(program) = npm::opencode() else { return };
    let through = Through::start(upstream).await;
    let (spoken, url) = match client {
        Dialect::Anthropic => (model_server::Dialect::Anthropic, format!("{}/v1", through.anthropic_url())),
        Dialect::Chat => (model_server::Dialect::Chat, through.openai_url()),
        Dialect::Responses => (model_server::Dialect::Responses, through.openai_url()),
    };
    // What a client cannot read goes through as it is where nothing is translated.
    let odd = client != upstream;
    let script = json!([
        {"text": "I write", "tool": "bash",
            "input": {"command": "printf hello > hello.txt", "description": "writes"}},
        {"tools": [
            {"tool": "bash", "input": {"command": "cat hello.txt", "description": "reads"}},
            {"tool": "bash", "input": {"command": "printf world", "description": "says"}},
        ], "fragments": 5, "interleave": true, "no-index": odd, "late-arguments": odd},
        {"text": "all is done", "chunks": 3},
    ]);
    // A prompt among the arguments would be quoted by the program when it holds spaces.
    through.directory.file("prompt", format!("go @@{script}@@"));
    let prompt = std::fs::File::open(through.directory.path().join("prompt")).expect("was written");
    let child = Command::new(program)
        .args(["run", "--pure"])
        .env_clear()
        .envs(opencode_env(&through.directory.dir("home"), &url, spoken))
        .current_dir(through.directory.dir("work"))
        .stdin(prompt)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("starts");
    let ended = tokio::time::timeout(DEADLINE, child.wait_with_output()).await;
    let output = ended.unwrap_or_else(|_| panic!("still running\n{}", through.server.dump())).expect("is waited for");
    let said = String::from_utf8_lossy(&output.stdout).contains("all is done");
    assert!(said, "{output:?}\n{}", through.server.dump());
    check_loop(&through, upstream, &[]).await;
}

#[tokio::test]
async fn a_tool_loop_over_chat_at_a_provider_of_messages() {
    a_tool_loop(Dialect::Chat, Dialect::Anthropic).await;
}

#[tokio::test]
async fn a_tool_loop_over_chat_at_a_provider_of_chat() {
    a_tool_loop(Dialect::Chat, Dialect::Chat).await;
}

#[tokio::test]
async fn a_tool_loop_over_chat_at_a_provider_of_responses() {
    a_tool_loop(Dialect::Chat, Dialect::Responses).await;
}

#[tokio::test]
async fn a_tool_loop_over_messages_at_a_provider_of_responses() {
    a_tool_loop(Dialect::Anthropic, Dialect::Responses).await;
}

#[tokio::test]
async fn a_tool_loop_over_responses_at_a_provider_of_messages() {
    a_tool_loop(Dialect::Responses, Dialect::Anthropic).await;
}
