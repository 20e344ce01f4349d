//! The demo with real Claude Code, both pinned versions, on the scripted model server.

use std::path::Path;
use std::process::Output;

use legion_testkit::{ModelServer, demo_model, npm};
use serde_json::Value;

use crate::support::{Legion, processes_with, text};

/// A person's machine with Claude Code, and the model that answers. Nothing runs on it.
async fn machine(version: &str, rest: &[(&str, &str)]) -> Option<(Legion, ModelServer)> {
    let program = npm::claude(version).ok()?;
    let model = ModelServer::start().await;
    model.answer_by(demo_model::answer);
    let url = model.url();
    let mut variables = vec![
        ("ANTHROPIC_BASE_URL", url.as_str()),
        ("LEGION_CLAUDE", program.to_str().expect("UTF-8")),
        ("HTTPS_PROXY", "http://127.0.0.1:9"),
        ("HTTP_PROXY", "http://127.0.0.1:9"),
        ("NO_PROXY", "127.0.0.1,localhost"),
    ];
    variables.extend(rest);
    Some((Legion::with(&variables), model))
}

fn demo(legion: &Legion, args: &[&str]) -> Output {
    let temporary = legion.dir.dir("temporary");
    let args: Vec<&str> = ["demo", "--driver", "claude"].iter().chain(args).copied().collect();
    legion.command(&args).env("TMPDIR", &temporary).output().expect("it runs")
}

/// Nothing of a demo is left: neither its directory nor any process.
fn assert_cleared(legion: &Legion) {
    let temporary = legion.dir.path().join("temporary");
    let left: Vec<_> = std::fs::read_dir(&temporary).expect("listed").flatten().map(|entry| entry.path()).collect();
    assert!(left.is_empty(), "{left:?}");
    let home = legion.dir.path().join("home");
    assert!(!home.join(".claude").exists() && !home.join(".claude.json").exists(), "agents have homes of their own");
    legion.until("no process is left", || processes_with(&tmpdir(&temporary)).is_empty().then_some(()));
}

fn tmpdir(temporary: &Path) -> String {
    format!("TMPDIR={}", temporary.display())
}

/// A leader, two managers and four workers; then seven tickets that end merged and green.
async fn demo_with_claude(version: &str) {
    let Some((legion, _model)) = machine(version, &[("ANTHROPIC_API_KEY", "dummy-key")]).await else { return };
    let output = demo(&legion, &["--model", "claude-sonnet-4-5", "--json"]);
    let said = format!("{}\n{}", text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{said}");
    let document: Value = serde_json::from_slice(&output.stdout).expect("a document");
    let checks = document["checks"].as_array().expect("checks");
    for check in checks {
        assert_eq!(check["verdict"], "ok", "{check}\n{said}");
    }
    let names: Vec<&str> = checks.iter().filter_map(|check| check["name"].as_str()).collect();
    assert_eq!(
        names,
        ["tests", "summary", "levels", "second try", "rest", "tickets", "green", "retry", "conflict", "landed"]
    );
    assert_cleared(&legion);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn demo_with_claude_197() {
    demo_with_claude("2.1.197").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn demo_with_claude_329() {
    demo_with_claude("2.1.329").await;
}
