//! opencode, which speaks every dialect itself: each of them meets each at the provider.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use legion_gateway::Dialect;
use legion_testkit::model_server;
use legion_testkit::{npm, opencode_env};
use serde_json::json;
use tokio::process::{Child, Command};

use crate::script::{PIXEL, check_image, check_interruption, check_loop};
use crate::through::Through;

/// It starts within three seconds when the machine is idle, and within twenty when it is not.
const DEADLINE: Duration = Duration::from_secs(150);

fn start(program: &Path, arguments: &[&str], through: &Through, client: Dialect, prompt: &str) -> Child {
    let (spoken, url) = match client {
        Dialect::Anthropic => (model_server::Dialect::Anthropic, format!("{}/v1", through.anthropic_url())),
        Dialect::Chat => (model_server::Dialect::Chat, through.openai_url()),
        Dialect::Responses => (model_server::Dialect::Responses, through.openai_url()),
    };
    // A prompt among the arguments would be quoted by the program when it holds spaces.
    through.directory.file("prompt", prompt);
    let prompt = std::fs::File::open(through.directory.path().join("prompt")).expect("was written");
    Command::new(program)
        .args(["run", "--pure"])
        .args(arguments)
        .env_clear()
        .envs(opencode_env(&through.directory.dir("home"), &url, spoken))
        .current_dir(through.directory.dir("work"))
        .stdin(prompt)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("starts")
}

/// Runs it to its end, where it has said `last`.
async fn run(program: &Path, arguments: &[&str], through: &Through, client: Dialect, prompt: &str, last: &str) {
    let child = start(program, arguments, through, client, prompt);
    let ended = tokio::time::timeout(DEADLINE, child.wait_with_output()).await;
    let output = ended.unwrap_or_else(|_| panic!("still running\n{}", through.server.dump())).expect("is waited for");
    let said = String::from_utf8_lossy(&output.stdout).contains(last);
    assert!(said, "{output:?}\n{}", through.server.dump());
}

async fn a_tool_loop(client: Dialect, upstream: Dialect) {
    let Ok(program) = npm::opencode() else { return };
    let through = Through::start(upstream).await;
    through.directory.file("work/pixel.png", PIXEL);
    // What a client cannot read goes through as it is where nothing is translated.
    let odd = client != upstream;
    let script = json!([
        {"thinking": "hm", "signature": "sealed/+=", "text": "I write", "tool": "bash",
            "input": {"command": "printf hello > hello.txt", "description": "writes"}},
        {"tools": [
            {"tool": "bash", "input": {"command": "cat hello.txt", "description": "reads"}},
            {"tool": "bash", "input": {"command": "printf world", "description": "says"}},
        ], "fragments": 5, "interleave": true, "no-index": odd, "late-arguments": odd},
        {"tool": "read", "input": {"filePath": through.directory.path().join("work/pixel.png")}},
        {"text": "all is done", "chunks": 3},
    ]);
    run(&program, &[], &through, client, &format!("go @@{script}@@"), "all is done").await;
    // Chat has no place for what a provider sealed.
    let seals: &[&str] = if client == Dialect::Chat { &[] } else { &["sealed/+="] };
    check_loop(&through, upstream, seals).await;
    check_image(&through);
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
async fn a_tool_loop_over_messages_at_a_provider_of_messages() {
    a_tool_loop(Dialect::Anthropic, Dialect::Anthropic).await;
}

#[tokio::test]
async fn a_tool_loop_over_messages_at_a_provider_of_chat() {
    a_tool_loop(Dialect::Anthropic, Dialect::Chat).await;
}

#[tokio::test]
async fn a_tool_loop_over_messages_at_a_provider_of_responses() {
    a_tool_loop(Dialect::Anthropic, Dialect::Responses).await;
}

#[tokio::test]
async fn a_tool_loop_over_responses_at_a_provider_of_messages() {
    a_tool_loop(Dialect::Responses, Dialect::Anthropic).await;
}

#[tokio::test]
async fn a_tool_loop_over_responses_at_a_provider_of_chat() {
    a_tool_loop(Dialect::Responses, Dialect::Chat).await;
}

#[tokio::test]
async fn a_tool_loop_over_responses_at_a_provider_of_responses() {
    a_tool_loop(Dialect::Responses, Dialect::Responses).await;
}

/// An interrupted answer is cut at the provider, counted, and gone on with.
async fn an_interruption(client: Dialect, upstream: Dialect) {
    let Ok(program) = npm::opencode() else { return };
    let through = Through::start(upstream).await;
    let script = json!([
        {"tool": "bash", "input": {"command": "printf hello", "description": "says"}},
        {"text": "never to be finished", "hold": "for ever", "chunks": 4},
    ]);
    let mut child = start(&program, &[], &through, client, &format!("go @@{script}@@"));
    through.until_streaming(DEADLINE, "hello").await;
    check_interruption(&through, &mut child).await;
    run(&program, &["--continue"], &through, client, r#"on @@[{"text": "I go on"}]@@"#, "I go on").await;
    let last = through.received().pop().expect("asked");
    assert!(last.tool_results().iter().any(|result| result.contains("hello")), "{}", through.server.dump());
}

#[tokio::test]
async fn an_interruption_over_responses_at_a_provider_of_messages() {
    an_interruption(Dialect::Responses, Dialect::Anthropic).await;
}

#[tokio::test]
async fn an_interruption_over_messages_at_a_provider_of_chat() {
    an_interruption(Dialect::Anthropic, Dialect::Chat).await;
}

#[tokio::test]
async fn an_interruption_over_chat_at_a_provider_of_chat() {
    an_interruption(Dialect::Chat, Dialect::Chat).await;
}
