//! A team of real agent programs: what is written is merged when the tech lead and QA let it through, and not before.

use legion_testkit::model_server::{ModelRequest, Step};
use legion_testkit::{ModelServer, npm};
use serde_json::{Map, Value, json};

use crate::kit::git;
use crate::small;
use crate::support::Legion;

const REPORT: &str = "mcp__legion__legion-report";
/// What the engineer writes at each attempt, and the words of who sent it back between them.
const DRAFTS: [&str; 3] = ["hello", "hello, please", "HELLO, PLEASE"];
const SENT_BACK: [&str; 2] = ["say it politely", "say it louder"];

fn call(tool: &str, input: &Value) -> Step {
    let input: Map<String, Value> = input.as_object().expect("an object").clone();
    Step { tool: Some(tool.to_owned()), input, ..Step::default() }
}

fn shell(command: &str) -> Step {
    call("Bash", &json!({"command": command, "description": "work"}))
}

fn verdict(passes: bool, sent_back: &str) -> Step {
    let (status, summary) = if passes { ("done", "it may pass") } else { ("error", sent_back) };
    call(REPORT, &json!({"status": status, "summary": summary}))
}

/// What the model says: each role looks at what it was given.
fn answer(request: &ModelRequest) -> Option<Step> {
    let results = request.tool_results();
    let end = || Some(Step::says("That is all."));
    if request.tools.is_empty() {
        None
    } else if request.holds("## Your role: Engineer") {
        let told = |words: &&&str| request.user_texts().iter().any(|text| text.contains(**words));
        let draft = SENT_BACK.iter().filter(told).count();
        if results.len() > draft { end() } else { Some(shell(&format!("echo '{}' > greeting.txt", DRAFTS[draft]))) }
    } else if request.holds("## Your role: Tech lead") {
        // It reads what was changed.
        let is_polite = request.holds("+hello, please") || request.holds("+HELLO, PLEASE");
        if results.is_empty() { Some(verdict(is_polite, SENT_BACK[0])) } else { end() }
    } else if request.holds("## Your role: QA") {
        // It tries the work, in a clone of its own.
        match results.as_slice() {
            [] => Some(shell("cat greeting.txt; echo spoiled > greeting.txt")),
            [greeting] => Some(verdict(greeting.contains("HELLO"), SENT_BACK[1])),
            _ => end(),
        }
    } else {
        None
    }
}

async fn reviewed(version: &str) {
    let Ok(program) = npm::claude(version) else { return };
    let model = ModelServer::start().await;
    model.answer_by(answer);
    let legion = Legion::with(&[
        ("ANTHROPIC_BASE_URL", &model.url()),
        ("ANTHROPIC_API_KEY", "dummy-key"),
        ("LEGION_CLAUDE", program.to_str().expect("UTF-8")),
        ("HTTPS_PROXY", "http://127.0.0.1:9"),
        ("HTTP_PROXY", "http://127.0.0.1:9"),
        ("NO_PROXY", "127.0.0.1,localhost"),
    ]);
    small::make(&legion.work(), &[("README", "hello\n")]);
    let plan = small::plan(
        &legion,
        "[[ticket]]\nid = \"greet\"\ntitle = \"Greet\"\nprompt = \"Write a greeting\"\nteam = \"tech_lead_team\"\n\
         driver = \"claude\"\nmodel = \"claude-sonnet-4-5\"\ncriteria = [\"it is loud\"]\ngate = \"test -e greeting.txt\"\n",
    );
    legion.start();
    legion.ok(&["run", &plan, "--detach"]);
    let closed = |legion: &Legion| {
        let ticket = small::tickets(&legion.json(&["check"])).remove("greet")?;
        small::is_closed(&ticket).then_some(ticket)
    };
    let ticket = legion.until_long("it is closed", || {
        // The person is there: what an agent asks for is let through.
        for message in legion.inbox() {
            if let Some(approval) = message["approval"]["id"].as_str().or(message["approval"].as_str()) {
                let _ = legion.run(&["approve", approval]);
            }
        }
        closed(&legion)
    });
    assert_eq!((ticket["status"].as_str(), ticket["attempts"].as_u64()), (Some("done"), Some(3)), "{ticket}");
    let control = small::control(&legion);
    assert_eq!(git(&control, &["show", "refs/heads/legion/main/leader:greeting.txt"]), DRAFTS[2]);
    // Nothing of what was sent back was on the branch at any time, and nothing of what a judge left in its clone.
    let base = git(&legion.work(), &["rev-parse", "main"]);
    let moves = git(&control, &["rev-list", "--first-parent", &format!("{base}..refs/heads/legion/main/leader")]);
    assert_eq!(moves.lines().count(), 1, "{moves}");
    // Three looked by the tech lead, and QA at the two that it let through: each in a conversation of its own.
    let count = |role: &str| {
        let of_role = |request: &&std::sync::Arc<ModelRequest>| !request.tools.is_empty() && request.holds(role);
        let sessions = model.requests().iter().filter(of_role).map(|request| request.session.clone()).collect();
        std::collections::BTreeSet::<Option<String>>::len(&sessions)
    };
    assert_eq!(["Engineer", "Tech lead", "QA"].map(|role| count(&format!("## Your role: {role}"))), [1, 3, 2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_team_of_claude_197() {
    reviewed("2.1.197").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_team_of_claude_329() {
    reviewed("2.1.329").await;
}
