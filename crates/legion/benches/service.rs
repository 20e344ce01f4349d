//! How soon the service answers, delivers and tells: hire, message to a warm agent, event to a subscriber.
//!
//! Prints `name: value (baseline: value) ratio`, each beside a baseline of the same run.

mod agent_program;
mod measure;
#[path = "../tests/e2e/support.rs"]
#[expect(dead_code, reason = "shared with the tests; a bench uses a part of it")]
mod support;

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use legion_api::{AgentStatus, Driver, Event, HireRequest, TellRequest};
use legion_client::Client;
use measure::{Child, HIRE_BYTES, Times, append_and_sync, between, hire_request, line, ms, now_ns, until};
use support::{Legion, PATIENCE};

const HIRES: usize = 100;
const TELLS: usize = 200;
/// Fewer than may wait for one agent.
const EVENTS: usize = 500;
/// How often a state is looked at.
const PAUSE: Duration = Duration::from_millis(2);

fn main() {
    if agent_program::is_wanted() {
        return agent_program::run();
    }
    measure::print_load();
    let program = std::env::current_exe().expect("this program");
    let legion = Legion::with(&[
        ("ANTHROPIC_API_KEY", "dummy-key"),
        ("ANTHROPIC_BASE_URL", "http://127.0.0.1:9"),
        ("LEGION_CLAUDE", program.to_str().expect("UTF-8")),
    ]);
    legion.start();
    measure::runtime().block_on(async {
        let client = measure::client(&legion);
        hire(&legion, &client).await;
        tell(&legion, &client, &program).await;
        events(&legion, &client).await;
    });
    measure::print_load();
}

/// Hires one after the other, on one warm connection: at leisure, and as fast as they are answered.
async fn hire(legion: &Legion, client: &Client) {
    let request = hire_request(legion, "do nothing", "true");
    let first = client.hire(&request, None).await.expect("hired");
    client.wait(&first.id, PATIENCE).await.expect("an answer").expect("it ends");

    let (mut hires, mut healths, mut syncs) = (Times::default(), Times::default(), Times::default());
    let raw = legion.dir.path().join("raw");
    for _ in 0..HIRES {
        let started = Instant::now();
        client.health().await.expect("healthy");
        healths.add(started.elapsed());
        syncs.add(append_and_sync(&raw, HIRE_BYTES));
        let started = Instant::now();
        let hired = client.hire(&request, None).await.expect("hired");
        hires.add(started.elapsed());
        let run = client.wait(&hired.id, PATIENCE).await.expect("an answer").expect("it ends");
        assert_eq!(run.outcome, legion_api::Outcome::Completed);
    }
    let mut rapid = Times::default();
    for _ in 0..HIRES {
        let started = Instant::now();
        client.hire(&request, None).await.expect("hired");
        rapid.add(started.elapsed());
    }
    measure::until_idle(client).await;
    for (percent, target) in [(50, ""), (95, "< 5 ms")] {
        let (health, sync) = (ms(healths.percentile(percent)), ms(syncs.percentile(percent)));
        let alone = ms(hires.percentile(percent));
        line(&format!("hire answered p{percent}"), alone, "GET /health", health, "ms", target);
        line(&format!("hire answered p{percent}"), alone, "raw synced append", sync, "ms", target);
        let rapid = ms(rapid.percentile(percent));
        line(&format!("hire answered p{percent}, {HIRES} in a row"), rapid, "raw synced append", sync, "ms", target);
    }
}

/// Tells a warm agent something, again and again, each time after its turn.
async fn tell(legion: &Legion, client: &Client, program: &Path) {
    let request = HireRequest {
        task: "message 0.".to_owned(),
        driver: Some(Driver::Claude),
        model: Some("claude-sonnet-4-5".to_owned()),
        cwd: Some(legion.work().display().to_string()),
        ..HireRequest::default()
    };
    let agent = client.hire(&request, None).await.expect("hired").id;
    let arrived_path = legion.work().join(agent_program::ARRIVED);
    let mut times = Times::default();
    for number in 0..=TELLS {
        let sent = now_ns();
        if number > 0 {
            let text = format!("message {number}.");
            client.tell(&agent, &TellRequest { text, ..TellRequest::default() }, None).await.expect("told");
        }
        let arrived = arrival(&arrived_path, number).await;
        if number > 0 {
            times.add(between(sent, arrived));
        }
        until("its turn ends", PATIENCE, PAUSE, async || {
            let status = client.agent(&agent).await.expect("the agent").status;
            (status == AgentStatus::Idle).then_some(())
        })
        .await;
    }
    let mut piped = through_a_pipe(legion, program).await;
    for (percent, target) in [(50, "< 5 ms"), (95, "")] {
        let baseline = ms(piped.percentile(percent));
        let name = format!("message: call made to read by a warm agent p{percent}");
        line(&name, ms(times.percentile(percent)), "the same line through a pipe", baseline, "ms", target);
    }
}

/// The time at which the message with this number reached the agent's program.
async fn arrival(path: &Path, number: usize) -> i128 {
    let line = until("the message arrives", PATIENCE, PAUSE, async || {
        let text = std::fs::read_to_string(path).ok()?;
        // A line that is being written has no end yet.
        let lines: Vec<&str> = text.split_inclusive('\n').filter(|line| line.ends_with('\n')).collect();
        lines.get(number).map(|line| (*line).to_owned())
    })
    .await;
    assert!(line.contains(&format!("message {number}.")), "{line} instead of message {number}");
    line.split_once(' ').and_then(|(at, _)| at.parse().ok()).expect("a time")
}

/// The same program without Legion.
async fn through_a_pipe(legion: &Legion, program: &Path) -> Times {
    let directory = legion.dir.dir("pipe");
    let mut command = Command::new(program);
    command.args(agent_program::bare_arguments()).env_clear().env("HOME", &directory).current_dir(&directory);
    let child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("the program starts");
    let mut child = Child(child);
    let mut times = Times::default();
    for number in 0..=TELLS {
        let content = format!("message {number}.");
        let line = serde_json::json!({
            "type": "user", "message": {"role": "user", "content": content}, "uuid": uuid::Uuid::nil(),
        });
        let sent = now_ns();
        let input = child.0.stdin.as_mut().expect("piped");
        input.write_all(format!("{line}\n").as_bytes()).expect("written");
        let arrived = arrival(&directory.join(agent_program::ARRIVED), number).await;
        if number > 0 {
            times.add(between(sent, arrived));
        }
    }
    times
}

/// Messages to an agent that is busy: each is one event, and nothing else happens.
async fn events(legion: &Legion, client: &Client) {
    let busy = client.hire(&hire_request(legion, "wait", "sleep 1000"), None).await.expect("hired").id;
    until("it works", PATIENCE, PAUSE, async || {
        (client.agent(&busy).await.expect("the agent").status == AgentStatus::Working).then_some(())
    })
    .await;
    let (started, mut subscribed) = tokio::sync::mpsc::channel(1);
    let reader = {
        let client = client.clone();
        tokio::spawn(async move {
            let mut events = client.events(Some(0));
            let mut seen: Vec<(Event, i128)> = Vec::new();
            while let Some(event) = events.next().await {
                let event = event.expect("an event");
                let at = now_ns();
                if event.kind != "message-accepted" {
                    continue;
                }
                let text = event.body["body"].to_string();
                if text.contains("subscribe now") {
                    // The other side waits for it.
                    let _ = started.send(()).await;
                } else if text.contains("measured") {
                    seen.push((event, at));
                }
                if seen.len() == EVENTS {
                    break;
                }
            }
            seen
        })
    };
    let say = async |text: &str| {
        let request = TellRequest { text: text.to_owned(), ..TellRequest::default() };
        client.tell(&busy, &request, None).await.expect("told").id
    };
    say("subscribe now").await;
    tokio::time::timeout(PATIENCE, subscribed.recv()).await.expect("in time").expect("the reader lives");
    let (mut messages, mut syncs) = (Vec::new(), Times::default());
    let raw = legion.dir.path().join("raw");
    for _ in 0..EVENTS {
        syncs.add(append_and_sync(&raw, HIRE_BYTES));
        messages.push(say("measured").await);
    }
    let seen = tokio::time::timeout(PATIENCE, reader).await.expect("in time").expect("the reader ends well");
    let mut times = Times::default();
    for (message, (event, arrived)) in messages.iter().zip(&seen) {
        assert_eq!(event.body["message"], message.as_str(), "in order");
        times.add(between(event.at.as_nanosecond(), *arrived));
    }
    for (percent, target) in [(50, ""), (99, "< 5 ms")] {
        let (value, sync) = (ms(times.percentile(percent)), ms(syncs.percentile(percent)));
        let name = format!("event: decided, committed and read by a subscriber p{percent}");
        line(&name, value, "raw synced append", sync, "ms", target);
    }
    client.fire(&busy, false, None).await.expect("fired");
}
