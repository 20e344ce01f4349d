//! What the service does while its agents take all that there is: a hog on each core, a tree of two hundred processes that is fired,
//! fifty agents as large as Claude Code at once. The agents are held in the default tier.
//!
//! Prints `name: value (baseline: value) ratio`, each beside a baseline of the same run.

mod measure;
#[path = "../tests/e2e/support.rs"]
#[expect(dead_code, reason = "shared with the tests; a bench uses a part of it")]
mod support;

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use legion_client::Client;
use measure::{Child, Times, hire_request, line, ms, until};
use support::{Legion, PATIENCE};

/// Calls whose times are taken, without and with the hogs.
const CALLS: usize = 1_000;
/// Between two of them: people and agents do not call as fast as they can.
const PAUSE: Duration = Duration::from_millis(5);
const TREE: usize = 200;
const TREES: usize = 10;
const LARGE: usize = 50;
/// What Claude Code holds while it works, in MB.
const LARGE_MB: usize = 300;

fn main() {
    measure::print_load();
    let legion = Legion::new();
    legion.start();
    measure::runtime().block_on(async {
        let client = measure::client(&legion);
        hogs(&legion, &client).await;
        trees(&legion, &client).await;
        large(&legion, &client).await;
    });
    measure::print_load();
}

async fn hogs(legion: &Legion, client: &Client) {
    let mut alone = calls(client).await;
    let cores = std::thread::available_parallelism().expect("a number of cores").get();
    let mut agents = Vec::new();
    for _ in 0..cores {
        agents.push(
            client.hire(&hire_request(legion, "work", "sh -c 'while :; do :; done'"), None).await.expect("hired").id,
        );
    }
    until("the hogs run", PATIENCE, Duration::from_millis(20), async || {
        (measure::working(&measure::tree(client).await) == cores).then_some(())
    })
    .await;
    let mut beside = calls(client).await;
    for agent in &agents {
        client.fire(agent, false, None).await.expect("fired");
    }
    let name = format!("p99 of {CALLS} calls beside a hog on each of {cores} cores");
    line(&name, ms(beside.percentile(99)), "p99 without", ms(alone.percentile(99)), "ms", "< 250 ms");
}

async fn calls(client: &Client) -> Times {
    let mut times = Times::default();
    for _ in 0..CALLS {
        tokio::time::sleep(PAUSE).await;
        let started = Instant::now();
        measure::tree(client).await;
        times.add(started.elapsed());
    }
    times
}

/// Half of each tree has left its session.
async fn trees(legion: &Legion, client: &Client) {
    let script = format!(
        "i=0; while [ $i -lt {} ]; do sleep 1000 & setsid sleep 1000 & i=$((i+1)); done; touch $HOME/grown; wait",
        TREE / 2
    );
    let (mut ours, mut baseline) = (Times::default(), Times::default());
    for _ in 0..TREES {
        let agent =
            client.hire(&hire_request(legion, "grow", &format!("sh -c '{script}'")), None).await.expect("hired").id;
        until("the tree is grown", PATIENCE, Duration::from_millis(20), async || {
            (legion.agent_processes().len() > TREE).then_some(())
        })
        .await;
        let started = Instant::now();
        client.fire(&agent, false, None).await.expect("fired");
        // A look over all processes takes long beside what is measured: it is asked as often as it can be.
        while !legion.agent_processes().is_empty() {
            assert!(started.elapsed() < PATIENCE, "{:?} are left", legion.agent_processes());
        }
        ours.add(started.elapsed());
        let started = Instant::now();
        assert!(legion.agent_processes().is_empty());
        baseline.add(started.elapsed());
    }
    let name = format!("a tree of {TREE} is gone after `fire`, median of {TREES}");
    line(&name, ms(ours.percentile(50)), "one look over all processes", ms(baseline.percentile(50)), "ms", "< 100 ms");
}

async fn large(legion: &Legion, client: &Client) {
    let (swapped, killed) = (counter("pswpout"), counter("oom_kill"));
    let command = format!("sh -c 'head -c {LARGE_MB}M /dev/zero | tail | {{ sleep 5; cat > /dev/null; }}'");
    let started = Instant::now();
    let mut agents = Vec::new();
    for _ in 0..LARGE {
        agents.push(client.hire(&hire_request(legion, "hold", &command), None).await.expect("hired").id);
    }
    let mut least = available_mb();
    let watch = async {
        loop {
            tokio::time::sleep(Duration::from_millis(100)).await;
            least = least.min(available_mb());
        }
    };
    let all = async {
        for agent in &agents {
            let run = client.wait(agent, PATIENCE * 20).await.expect("an answer").expect("it ends");
            assert_eq!(run.outcome, legion_api::Outcome::Completed, "{agent}: {:?}", run.error);
        }
    };
    tokio::select! {
        () = watch => unreachable!("it watches for ever"),
        () = all => {}
    }
    let took = started.elapsed();
    let started = Instant::now();
    let mut plain = Child(Command::new("sleep").arg("5").stdin(Stdio::null()).spawn().expect("sleep starts"));
    assert!(plain.0.wait().expect("it ends").success());
    let name = format!("{LARGE} agents of {LARGE_MB} MB hired at once, all completed");
    line(
        &name,
        took.as_secs_f64(),
        "one after the other would take the sum of",
        started.elapsed().as_secs_f64(),
        "s",
        "",
    );
    let (swapped, killed) = (counter("pswpout") - swapped, counter("oom_kill") - killed);
    println!(
        "least memory that was free: {least} MB; pages swapped out: {swapped}; killed for want of memory: {killed} [target: 0, 0]"
    );
}

/// A counter of the kernel's.
fn counter(name: &str) -> u64 {
    let text = std::fs::read_to_string("/proc/vmstat").expect("counters");
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.and_then(|value| value.parse().ok()).unwrap_or_default()
}

fn available_mb() -> u64 {
    let text = std::fs::read_to_string("/proc/meminfo").expect("memory");
    let value = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"));
    value.and_then(|value| value.split_whitespace().next()?.parse::<u64>().ok()).expect("a number") / 1024
}
