//! The key of the service's environment: while agents are given it their hire says so, with the command that keeps it from them; after
//! that command the gateway adds it to each call, and no agent has it.

use legion_testkit::{ModelServer, npm};
use serde_json::{Value, json};

use crate::claude::script;
use crate::support::{Legion, id, processes_with};

const KEY: &str = "persons-key-canary";
const VARIABLE: &str = "ANTHROPIC_API_KEY";

fn hire(legion: &Legion) -> Value {
    let task = script("Work.", &json!([{"text": "done"}]));
    let hired = legion.json(&["hire", &task, "--driver", "claude", "--model", "claude-sonnet-4-5"]);
    let run = legion.json(&["wait", &id(&hired), "--timeout", "60s"]);
    assert_eq!(run["outcome"], "completed", "{run}");
    hired
}

/// What a hire says about the key.
fn said(hired: &Value) -> Option<String> {
    let warnings = hired["warnings"].as_array().unwrap_or_else(|| panic!("no warnings: {hired}"));
    warnings.iter().filter_map(Value::as_str).find(|warning| warning.contains(VARIABLE)).map(str::to_owned)
}

/// Programs of agents that have the key: they stay for a while after their run.
fn programs_with_the_key(legion: &Legion) -> usize {
    let agents = legion.agent_processes();
    processes_with(&format!("{VARIABLE}={KEY}")).into_iter().filter(|pid| agents.contains(pid)).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hire_says_who_is_given_the_key_and_how_to_keep_it() {
    let Ok(program) = npm::claude("2.1.329") else { return };
    let model = ModelServer::start().await;
    let url = model.url();
    let legion = Legion::with(&[
        ("ANTHROPIC_BASE_URL", &url),
        (VARIABLE, KEY),
        ("LEGION_TIER", "full"),
        ("LEGION_CLAUDE", program.to_str().expect("UTF-8")),
        ("LEGION_GATEWAY_LISTEN", "127.0.0.1:0"),
    ]);
    legion.start();
    let first = hire(&legion);
    let said_first = said(&first).unwrap_or_else(|| panic!("nothing is said: {first}"));
    assert!(said_first.contains("the agent can read"), "{said_first}");
    assert!(programs_with_the_key(&legion) > 0, "and so it can");
    legion.ok(&["fire", &id(&first)]);

    // What it says is done, word by word.
    let command = said_first.split('`').find(|part| part.starts_with("legion ")).expect("a command").to_owned();
    let words = command.replace("\"$ANTHROPIC_BASE_URL\"", &url);
    legion.ok(&words.split(' ').skip(1).collect::<Vec<_>>());
    let second = hire(&legion);
    assert_eq!(said(&second), None, "there is nothing to be said");
    assert!(!legion.agent_processes().is_empty() && programs_with_the_key(&legion) == 0, "no agent has it");
    let asked = model.conversation(&id(&second));
    assert!(
        !asked.is_empty() && asked.iter().all(|request| request.api_key.as_deref() == Some(KEY)),
        "{}",
        model.dump()
    );
}
