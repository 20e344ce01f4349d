//! The real opencode on the scripted model server, with nothing between them, in every dialect.

use std::process::Stdio;
use std::time::Duration;

use legion_testkit::model_server::Dialect;
use legion_testkit::{ModelServer, TestDir, npm, opencode_env};
use serde_json::json;
use tokio::process::Command;

/// It starts within three seconds when the machine is idle, and within twenty when it is not.
const DEADLINE: Duration = Duration::from_secs(150);

async fn a_tool_loop(dialect: Dialect) {
    let Ok(program) = npm::opencode() else { return };
    let (server, directory) = (ModelServer::start().await, TestDir::outside_tmp());
    let script = json!([
        {"thinking": "hm", "text": "I write", "tool": "bash",
            "input": {"command": "printf hello > hello.txt", "description": "writes"}},
        {"tools": [
            {"tool": "bash", "input": {"command": "cat hello.txt", "description": "reads"}},
            {"tool": "bash", "input": {"command": "printf world", "description": "says"}},
        ], "fragments": 3, "interleave": true},
        {"text": "all is done", "chunks": 3},
    ]);
    // A prompt among the arguments would be quoted by the program when it holds spaces.
    directory.file("prompt", format!("go @@{script}@@"));
    let prompt = std::fs::File::open(directory.path().join("prompt")).unwrap();
    let child = Command::new(program)
        .args(["run", "--pure"])
        .env_clear()
        .envs(opencode_env(&directory.dir("home"), &server.openai_url(), dialect))
        .current_dir(directory.dir("work"))
        .stdin(prompt)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let ended = tokio::time::timeout(DEADLINE, child.wait_with_output()).await;
    let output = ended.unwrap_or_else(|_| panic!("still running after {DEADLINE:?}\n{}", server.dump())).unwrap();
    let shown = format!("{output:?}\n{}", server.dump());
    assert!(output.status.success(), "{shown}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("all is done"), "{shown}");
    assert_eq!(directory.read("work/hello.txt"), "hello");
    let requests = server.requests();
    assert!(requests.iter().all(|request| request.dialect == dialect), "{shown}");
    let last = requests.iter().rev().find(|request| !request.tools.is_empty()).expect("asked");
    let results = last.tool_results();
    assert!(results[1].contains("hello") && results[2].contains("world"), "{results:?}");
}

#[tokio::test]
async fn a_tool_loop_over_messages() {
    a_tool_loop(Dialect::Anthropic).await;
}

#[tokio::test]
async fn a_tool_loop_over_chat_completions() {
    a_tool_loop(Dialect::Chat).await;
}

#[tokio::test]
async fn a_tool_loop_over_responses() {
    a_tool_loop(Dialect::Responses).await;
}
