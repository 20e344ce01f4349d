//! Claude Code, in each pinned version.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use legion_gateway::Dialect;
use legion_testkit::model_server::ModelRequest;
use legion_testkit::{agent_env, npm};
use serde_json::{Value, json};
use tokio::process::{Child, Command};

use crate::directory::SMALL_MODEL;
use crate::script::{PIXEL, check_image, check_loop};
use crate::through::Through;

/// Enough for a program that needs a second, on a machine that is busy.
const DEADLINE: Duration = Duration::from_secs(90);

fn start(program: &Path, arguments: &[&str], through: &Through, prompt: &str) -> Child {
    Command::new(program)
        .args(["-p", "--output-format", "json", "--model", "claude-sonnet-4-5", "--permission-mode", "acceptEdits"])
        .args(["--strict-mcp-config", "--setting-sources", "", "--allowedTools", "Bash"])
        .args(arguments)
        .arg(prompt)
        .env_clear()
        .envs(agent_env(&through.directory.dir("home"), &through.anthropic_url()))
        .env("MAX_THINKING_TOKENS", "4000")
        .env("CLAUDE_CODE_GATEWAY_HINT_HEADERS", "1")
        .current_dir(through.directory.dir("work"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .spawn()
        .expect("starts")
}

async fn run(program: &Path, arguments: &[&str], through: &Through, prompt: &str) -> Value {
    let child = start(program, arguments, through, prompt);
    let ended = tokio::time::timeout(DEADLINE, child.wait_with_output()).await;
    let output = ended.unwrap_or_else(|_| panic!("still running\n{}", through.server.dump())).expect("is waited for");
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {output:?}\n{}", through.server.dump()))
}

async fn a_tool_loop(upstream: Dialect) {
    for version in npm::CLAUDE_VERSIONS {
        let Ok(program) = npm::claude(version) else { return };
        let through = Through::start(upstream).await;
        through.directory.file("work/pixel.png", PIXEL);
        let image = through.directory.path().join("work/pixel.png");
        let script = json!([
            {"thinking": "hm", "signature": "sealed/+=", "text": "I write", "tool": "Bash",
                "input": {"command": "printf hello > hello.txt"}},
            {"tools": [
                {"tool": "Bash", "input": {"command": "cat hello.txt"}},
                {"tool": "Bash", "input": {"command": "printf world"}},
            ], "fragments": 5, "interleave": true, "no-index": true, "late-arguments": true},
            {"tool": "Read", "input": {"file_path": image}},
            {"text": "all is done", "chunks": 3},
        ]);
        let session = uuid::Uuid::new_v4().to_string();
        let result = run(&program, &["--session-id", &session], &through, &format!("go @@{script}@@")).await;
        assert_eq!(result["result"], "all is done", "{version}: {result}\n{}", through.server.dump());
        check_loop(&through, upstream, &["sealed/+="]).await;
        check_image(&through);
        // The conversation goes on where it was, with everything that the provider sealed.
        let again = run(&program, &["--resume", &session], &through, r#"more @@[{"text": "I go on"}]@@"#).await;
        assert_eq!(again["result"], "I go on", "{version}: {again}\n{}", through.server.dump());
    }
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
    for version in npm::CLAUDE_VERSIONS {
        let Ok(program) = npm::claude(version) else { return };
        let through = Through::start(upstream).await;
        let session = uuid::Uuid::new_v4().to_string();
        let script = json!([
            {"tool": "Bash", "input": {"command": "printf hello"}},
            {"text": "never to be finished", "hold": "for ever"},
        ]);
        let mut child = start(&program, &["--session-id", &session], &through, &format!("go @@{script}@@"));
        let second = |requests: &[std::sync::Arc<ModelRequest>]| {
            requests.iter().any(|request| request.tool_results() == ["hello"]).then_some(())
        };
        through.server.until(DEADLINE, "the second call", second).await;
        child.kill().await.expect("is there");
        let settled = through.settled().await;
        let cut = settled.last().expect("has one");
        assert!(cut.estimated && cut.usage.prompt() > 0, "{cut:?}");
        assert!(settled[..settled.len() - 1].iter().all(|call| !call.estimated), "{settled:?}");
        let again = run(&program, &["--resume", &session], &through, r#"on @@[{"text": "I go on"}]@@"#).await;
        assert_eq!(again["result"], "I go on", "{version}: {again}\n{}", through.server.dump());
    }
}

#[tokio::test]
async fn an_interruption_at_a_provider_of_responses() {
    an_interruption(Dialect::Responses).await;
}

#[tokio::test]
async fn an_interruption_at_a_provider_of_chat() {
    an_interruption(Dialect::Chat).await;
}

/// The first version that says what its sub-agents are called.
const NAMES_SUB_AGENTS: &str = "2.1.329";

#[tokio::test]
async fn a_named_sub_agent_has_a_model_of_its_own() {
    let Ok(program) = npm::claude(NAMES_SUB_AGENTS) else { return };
    let through = Through::start(Dialect::Anthropic).await;
    let below = |kind: &str| {
        let inner = json!([{"text": format!("{kind} has looked")}]);
        let prompt = format!("look @@{inner}@@");
        json!({"tool": "Agent", "input": {"description": "look around", "subagent_type": kind, "prompt": prompt,
            "run_in_background": false}})
    };
    let script = json!([below("Explore"), below("general-purpose"), {"text": "all is done"}]);
    let session = uuid::Uuid::new_v4().to_string();
    let result = run(&program, &["--session-id", &session], &through, &format!("go @@{script}@@")).await;
    assert_eq!(result["result"], "all is done", "{result}\n{}", through.server.dump());
    let requests = through.received();
    let models = |kind: Option<&str>| -> Vec<&str> {
        let of = |request: &&std::sync::Arc<ModelRequest>| request.header("x-claude-code-agent-type") == kind;
        requests.iter().filter(of).map(|request| request.model.as_str()).collect()
    };
    assert_eq!(models(Some("Explore")), [SMALL_MODEL], "{}", through.server.dump());
    assert_eq!(models(Some("general-purpose")), ["claude-opus-4-5"], "{}", through.server.dump());
    assert!(models(None).len() >= 3 && models(None).iter().all(|model| *model == "claude-opus-4-5"));
}
