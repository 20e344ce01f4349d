//! The demo with real Claude Code, both pinned versions, on the scripted model server.

use std::path::Path;
use std::process::Output;

use legion_testkit::model_server::Step;
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

/// What real agents need is missing: that is said at once, with what to do about it, and nothing is begun.
#[test]
fn a_demo_without_claude_code_says_what_is_missing() {
    let refused = |legion: &Legion, words: &[&str]| {
        let output = demo(legion, &[]);
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(18), "{error}");
        assert!(words.iter().all(|word| error.contains(word)), "{error}");
        assert!(error.contains("LEG0012") && error.contains("\nhint: "), "{error}");
        assert!(error.contains("`legion demo` alone needs neither"), "{error}");
        assert_cleared(legion);
    };
    // On no PATH; named and not there.
    let nowhere = [("PATH", "/nowhere"), ("ANTHROPIC_API_KEY", "dummy-key")];
    refused(&Legion::with(&nowhere), &["there is no program `claude` on PATH", "npm install"]);
    let named = [("LEGION_CLAUDE", "/no/such/claude"), ("ANTHROPIC_API_KEY", "dummy-key")];
    refused(&Legion::with(&named), &["there is no program `/no/such/claude`", "LEGION_CLAUDE"]);
    // Too old; something else; silent.
    let with = |says: &str, words: &[&str]| {
        let mut legion = Legion::with(&[("ANTHROPIC_API_KEY", "dummy-key")]);
        let program = legion.dir.file("claude", format!("#!/bin/sh\n{says}\n"));
        std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("executable");
        legion.env.insert("LEGION_CLAUDE".to_owned(), program.display().to_string());
        refused(&legion, words);
    };
    with(
        "echo '2.0.14 (Claude Code)'",
        &["2.0.14 (Claude Code) is too old: 2.1.197 or newer is needed", "claude update"],
    );
    with("echo 'cowsay 3.0'", &["says `cowsay 3.0`: that is no version of Claude Code"]);
    with("exit 1", &["that is no version of Claude Code"]);
}

async fn not_logged_in(version: &str) {
    let login = [("LEGION_AUTH", "login")];
    for (rest, words) in [
        (&[][..], "nobody is logged in there"),
        (&[("LEGION_AUTH", "env")], "neither ANTHROPIC_API_KEY nor ANTHROPIC_AUTH_TOKEN is set"),
        (&[("LEGION_AUTH", "setup-token")], "CLAUDE_CODE_OAUTH_TOKEN is not set"),
        (&login, "nobody is logged in there"),
    ] {
        let Some((legion, model)) = machine(version, rest).await else { return };
        let output = demo(&legion, &[]);
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(18), "{error}");
        assert!(error.contains(words) && error.contains("\nhint: "), "{error}");
        assert_eq!(model.requests().len(), 0);
    }
    // A key that the provider does not know is found out by asking.
    let Some((legion, _)) = machine(version, &[("ANTHROPIC_API_KEY", "wrong")]).await else { return };
    let model = ModelServer::start().await;
    model.answer_by(|_| {
        let text = Some("invalid x-api-key".to_owned());
        Some(Step { error: Some(401), retry_after: Some(0), text, ..Step::default() })
    });
    let output = legion.command(&["demo", "--driver", "claude"]).env("ANTHROPIC_BASE_URL", model.url()).output();
    let output = output.expect("it runs");
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(18), "{error}");
    assert!(error.contains("the leader could not even begin") && error.contains("`/login`"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn not_logged_in_197() {
    not_logged_in("2.1.197").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn not_logged_in_329() {
    not_logged_in("2.1.329").await;
}
