//! Tickets: from dispatch to an agent's start, the makespan of a plan, and a board of ten thousand.
//!
//! Prints `name: value (baseline: value) ratio`, each beside a baseline of the same run.

mod measure;
#[path = "../tests/e2e/support.rs"]
#[expect(dead_code, reason = "shared with the tests; a bench uses a part of it")]
mod support;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use legion_model::graph::{Graph, Priority};
use measure::{Times, line, ms};
use serde_json::{Value, json};
use support::Legion;

/// Tickets on the board while one more is dispatched.
const BOARD: usize = 1_000;
const DISPATCHES: usize = 20;
const PLAN: usize = 40;
const WORKERS: usize = 8;
/// What each ticket of the plan takes, in seconds: very short ones, which show what the engine adds, and such as real work
/// at its shortest.
const TICKETS_S: [u64; 2] = [5, 20];
const MANY: usize = 10_000;
const CHECKS: usize = 20;

fn main() {
    measure::print_load();
    dispatch();
    for ticket_s in TICKETS_S {
        makespan(ticket_s);
    }
    check();
    measure::print_load();
}

fn git(dir: &Path, args: &[&str]) {
    let status = Command::new("git")
        .args(["-c", "user.name=Pat", "-c", "user.email=pat@example.org"])
        .args(args)
        .current_dir(dir)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .expect("git starts");
    assert!(status.success(), "git {args:?}");
}

/// A service with a repository of one commit.
fn project() -> Legion {
    let legion = Legion::new();
    let work = legion.work();
    for number in 0..100 {
        std::fs::write(work.join(format!("file-{number}.txt")), format!("{number}\n")).expect("written");
    }
    git(&work, &["init", "--quiet", "--initial-branch", "main"]);
    git(&work, &["add", "--all"]);
    git(&work, &["commit", "--quiet", "--message", "begin"]);
    legion.start();
    legion
}

/// Sends a plan, and returns when it is on the board.
fn send(legion: &Legion, plan: &Value) {
    let file = legion.dir.path().join("plan.json");
    std::fs::write(&file, plan.to_string()).expect("written");
    legion.ok(&["run", file.to_str().expect("UTF-8"), "--detach"]);
}

fn ticket(id: &str, command: &str, after: &[String]) -> Value {
    json!({
        "id": id, "title": format!("Ticket {id}"), "prompt": "work", "criteria": ["it is there"],
        "driver": "command", "command": ["sh", "-c", command], "after": after,
    })
}

fn nanos() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_nanos()
}

/// A file of the branch on which tickets are merged.
fn merged(legion: &Legion, file: &str) -> Option<String> {
    let projects = std::fs::read_dir(legion.data().join("projects")).ok()?;
    let control = projects.flatten().next()?.path().join("control.git");
    let output = Command::new("git")
        .arg("--git-dir")
        .arg(control)
        .args(["show", &format!("refs/heads/legion/main/leader:{file}")])
        .output()
        .expect("git starts");
    output.status.success().then(|| String::from_utf8(output.stdout).expect("digits"))
}

/// A thousand tickets wait; one more is dispatched, and its agent says when it began.
fn dispatch() {
    let legion = project();
    let mut tickets = vec![ticket("gate", "sleep 600", &[])];
    tickets.extend((1..BOARD).map(|number| ticket(&format!("w{number}"), "true", &["gate".to_owned()])));
    send(&legion, &json!({"session": {"workers": 4}, "ticket": tickets}));
    let (mut ours, mut baseline) = (Times::default(), Times::default());
    for number in 0..DISPATCHES {
        let clone = legion.dir.path().join(format!("clone-{number}"));
        let started = Instant::now();
        let args = ["clone", "--quiet", "--shared", ".", clone.to_str().expect("UTF-8")];
        git(&legion.work(), &args);
        baseline.add(started.elapsed());

        // What it says is merged: an agent that is held can leave nothing elsewhere.
        let file = format!("new-{number}.txt");
        let command = format!("date +%s%N > {file}");
        let at = nanos();
        legion.ok(&[
            "dispatch",
            "-t",
            "One more",
            "-c",
            "none",
            "-k",
            "it is there",
            "--driver",
            "command",
            "--command",
            &format!("sh -c '{command}'"),
            "work",
        ]);
        let text = legion.until("what the agent said is merged", || merged(&legion, &file));
        let began: u128 = text.trim().parse().expect("a time");
        ours.add(Duration::from_nanos(u64::try_from(began.saturating_sub(at)).expect("short")));
    }
    let name =
        format!("from `legion dispatch` to its agent's start, {BOARD} tickets on the board, median of {DISPATCHES}");
    line(
        &name,
        ms(ours.percentile(50)),
        "git clone --shared",
        ms(baseline.percentile(50)),
        "ms",
        "< 100 ms beside the clone",
    );
    legion.ok(&["stop", "all"]);
}

/// Forty tickets of one length in layers, eight workers.
fn makespan(ticket_s: u64) {
    let legion = project();
    // Each waits for up to two of the layer before, the same ones in every run.
    let upstream = |number: usize| -> Vec<usize> {
        if number < WORKERS {
            return Vec::new();
        }
        let layer = (number / WORKERS - 1) * WORKERS;
        vec![layer + number % WORKERS, layer + (number * 3 + 1) % WORKERS]
    };
    let edges: Vec<Vec<usize>> = (0..PLAN)
        .map(|number| {
            let mut edges = upstream(number);
            edges.dedup();
            edges
        })
        .collect();
    let graph = Graph::new(edges.clone()).expect("no circles");
    let bound = graph.list_schedule(&[ticket_s; PLAN], WORKERS, Priority::LongestTail).makespan;
    let tickets: Vec<Value> = edges
        .iter()
        .enumerate()
        .map(|(number, after)| {
            let after: Vec<String> = after.iter().map(|other| format!("t{other}")).collect();
            ticket(&format!("t{number}"), &format!("sleep {ticket_s}; echo {number} > new-{number}.txt"), &after)
        })
        .collect();
    let file = legion.dir.path().join("plan.json");
    std::fs::write(&file, json!({"session": {"workers": WORKERS}, "ticket": tickets}).to_string()).expect("written");
    let started = Instant::now();
    legion.ok(&["run", file.to_str().expect("UTF-8")]);
    let name = format!("{PLAN} tickets of {ticket_s} s, {WORKERS} workers");
    line(
        &name,
        started.elapsed().as_secs_f64(),
        "list scheduling",
        bound as f64,
        "s",
        "at most 1.05 times for real work",
    );
}

fn check() {
    let legion = project();
    let mut tickets = vec![ticket("gate", "sleep 600", &[])];
    tickets.extend((1..MANY).map(|number| ticket(&format!("w{number}"), "true", &["gate".to_owned()])));
    let started = Instant::now();
    send(&legion, &json!({"session": {"workers": 1}, "ticket": tickets}));
    println!("{MANY} tickets were added in {:.2} s", started.elapsed().as_secs_f64());
    let (mut ours, mut baseline) = (Times::default(), Times::default());
    for _ in 0..CHECKS {
        let started = Instant::now();
        let status = Command::new("/bin/true").stdin(Stdio::null()).status().expect("true starts");
        baseline.add(started.elapsed());
        assert!(status.success());
        let started = Instant::now();
        let output = legion.run(&["check"]);
        ours.add(started.elapsed());
        assert!(output.status.success(), "{}", support::text(&output.stderr));
    }
    let name = format!("`legion check` of {MANY} tickets, median of {CHECKS}");
    line(&name, ms(ours.percentile(50)), "/bin/true", ms(baseline.percentile(50)), "ms", "< 100 ms");
    legion.ok(&["stop", "all"]);
}
