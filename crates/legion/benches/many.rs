//! Many agents at once, the command line as a process, and the start with a long log.
//!
//! Prints `name: value (baseline: value) ratio`, each beside a baseline of the same run.

mod history;
mod measure;
#[path = "../tests/e2e/support.rs"]
#[expect(dead_code, reason = "shared with the tests; a bench uses a part of it")]
mod support;

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use legion_client::Client;
use measure::{Child, Times, hire_request, line, ms};
use support::{Legion, PATIENCE};

const AGENTS: usize = 200;
/// Callers that hire side by side.
const CALLERS: usize = 4;
const STATUS_RUNS: usize = 50;
const EVENTS: usize = 100_000;
const STARTS: usize = 3;

fn main() {
    measure::print_load();
    let runtime = measure::runtime();
    let legion = Legion::new();
    legion.start();
    status(&legion, "of an empty organisation");
    runtime.block_on(async {
        let client = measure::client(&legion);
        at_once(&legion, &client).await;
    });
    status(&legion, &format!("with {AGENTS} reports and as many messages"));
    drop(legion);
    runtime.block_on(start());
    measure::print_load();
}

/// All are hired, work two seconds, and end.
async fn at_once(legion: &Legion, client: &Client) {
    let started = Instant::now();
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..CALLERS {
        let (client, request) = (client.clone(), hire_request(legion, "wait", "sleep 2"));
        callers.spawn(async move {
            let mut hired = Vec::new();
            for _ in 0..AGENTS / CALLERS {
                hired.push(client.hire(&request, None).await.expect("hired").id);
            }
            hired
        });
    }
    let agents = callers.join_all().await.concat();
    let answered = started.elapsed();
    let working = measure::working(&measure::tree(client).await);
    for agent in &agents {
        let run = client.wait(agent, PATIENCE).await.expect("an answer").expect("it ends");
        assert_eq!(run.outcome, legion_api::Outcome::Completed, "{agent}: {:?}", run.error);
    }
    let ours = started.elapsed();

    let started = Instant::now();
    let sleeping = |_| Child(Command::new("sleep").arg("2").stdin(Stdio::null()).spawn().expect("sleep starts"));
    let mut plain: Vec<Child> = (0..AGENTS).map(sleeping).collect();
    let spawned = started.elapsed();
    for child in &mut plain {
        assert!(child.0.wait().expect("it ends").success());
    }
    let baseline = started.elapsed();
    let name = format!("{AGENTS} `command` agents at once, all completed ({working} worked when all were hired)");
    line(&name, ours.as_secs_f64(), "as many plain processes", baseline.as_secs_f64(), "s", "");
    line(&format!("{AGENTS} hires answered"), ms(answered), "as many plain spawns", ms(spawned), "ms", "");
}

fn status(legion: &Legion, what: &str) {
    let (mut ours, mut baseline) = (Times::default(), Times::default());
    for _ in 0..STATUS_RUNS {
        let started = Instant::now();
        let status = Command::new("/bin/true").stdin(Stdio::null()).status().expect("true starts");
        baseline.add(started.elapsed());
        assert!(status.success());
        let started = Instant::now();
        let output = legion.run(&["status"]);
        ours.add(started.elapsed());
        assert!(output.status.success(), "{}", support::text(&output.stderr));
    }
    let (ours, baseline) = (ms(ours.percentile(50)), ms(baseline.percentile(50)));
    line(&format!("`legion status` {what}, median of {STATUS_RUNS}"), ours, "/bin/true", baseline, "ms", "< 20 ms");
}

/// The service starts on a log that has no snapshot.
async fn start() {
    let template = legion_testkit::TestDir::new();
    let database = template.path().join("legion.db");
    let work = template.dir("work");
    let events = history::write(&database, &work, EVENTS).await;
    let bytes = std::fs::metadata(&database).expect("the log is there").len();
    println!("the log has {events} events in {} MB", bytes / 1_000_000);
    let (mut ours, mut baseline) = (Times::default(), Times::default());
    for _ in 0..STARTS {
        baseline.add(timed(&Legion::new()));
        let legion = Legion::new();
        std::fs::copy(&database, legion.dir.dir("data").join("legion.db")).expect("copied");
        ours.add(timed(&legion));
        let tree = measure::tree(&measure::client(&legion)).await;
        assert_eq!(tree.reports.len(), history::MANAGERS, "the organisation is there");
    }
    let (ours, baseline) = (ms(ours.percentile(50)), ms(baseline.percentile(50)));
    let name = format!("`legion serve --detach` on {events} events without a snapshot, median of {STARTS}");
    line(&name, ours, "on an empty log", baseline, "ms", "< 2,000 ms");
}

fn timed(legion: &Legion) -> Duration {
    let started = Instant::now();
    legion.start();
    started.elapsed()
}
