//! What the service and a shim cost while nothing happens.
//!
//! Prints `name: value (baseline: value) ratio`, each beside a baseline of the same run.

mod measure;
#[path = "../tests/e2e/support.rs"]
#[expect(dead_code, reason = "shared with the tests; a bench uses a part of it")]
mod support;

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use legion_client::Client;
use measure::{Child, cpu, hire_request, line, memory, until};
use support::{Legion, PATIENCE, shims_below};

const AGENTS: usize = 1_000;
/// Agents hired before all of them are waited for.
const GROUP: usize = 50;
const REST: Duration = Duration::from_secs(20);
/// How long what was begun may go on before the rest: the log is copied back, connections are closed.
const SETTLING: Duration = Duration::from_secs(10);

fn main() {
    measure::print_load();
    let (full, empty) = (Legion::new(), Legion::new());
    full.start();
    empty.start();
    measure::runtime().block_on(async {
        let client = measure::client(&full);
        thousand(&full, &client).await;
        at_rest(&full, &empty).await;
        shim(&full, &client).await;
    });
    measure::print_load();
}

async fn thousand(legion: &Legion, client: &Client) {
    let started = Instant::now();
    let request = hire_request(legion, "do nothing", "true");
    for _ in 0..AGENTS / GROUP {
        for _ in 0..GROUP {
            client.hire(&request, None).await.expect("hired");
        }
        measure::until_idle(client).await;
    }
    let agents = measure::tree(client).await.reports.len();
    assert_eq!(agents, AGENTS, "all are there");
    println!("{AGENTS} agents were hired, worked and ended in {:.1} s", started.elapsed().as_secs_f64());
}

/// Both services at the same time: what else the machine does hits both.
async fn at_rest(full: &Legion, empty: &Legion) {
    let (full, empty) = (full.service_pid(), empty.service_pid());
    tokio::time::sleep(SETTLING).await;
    let before = (cpu(full), cpu(empty), Instant::now());
    tokio::time::sleep(REST).await;
    let (used, used_empty, took) = (cpu(full) - before.0, cpu(empty) - before.1, before.2.elapsed());
    let percent = |used: Duration| used.as_secs_f64() / took.as_secs_f64() * 100.0;
    let baseline = "without agents";
    let name = format!("CPU of the service with {AGENTS} idle agents over {REST:?}");
    line(&name, percent(used), baseline, percent(used_empty), "%", "< 0.1 %");
    let (memory, memory_empty) = (memory(full), memory(empty));
    let name = format!("resident memory of the service with {AGENTS} idle agents");
    line(&name, memory.resident, baseline, memory_empty.resident, "MB", "< 80 MB");
    let name = format!("proportional memory (PSS) of the service with {AGENTS} idle agents");
    line(&name, memory.proportional, baseline, memory_empty.proportional, "MB", "< 80 MB");
}

/// A shim whose agent is silent.
async fn shim(legion: &Legion, client: &Client) {
    let agent = client.hire(&hire_request(legion, "wait", "sleep 1000"), None).await.expect("hired").id;
    let data = legion.dir.path().join("data");
    let pid = until("its shim", PATIENCE, Duration::from_millis(50), async || {
        let agent = client.agent(&agent).await.expect("the agent");
        let started = agent.status == legion_api::AgentStatus::Working;
        shims_below(&data).first().copied().filter(|_| started && !legion.agent_processes().is_empty())
    })
    .await;
    let sleep = Command::new("sleep").arg("1000").stdin(Stdio::null()).spawn().expect("sleep starts");
    let sleep = Child(sleep);
    // Starting is over; what it needed only then is given back by now.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (shim, baseline) = (memory(pid), memory(sleep.0.id()));
    line("private memory of a shim", shim.private, "/bin/sleep", baseline.private, "MB", "<= 4 MB");
    line("resident memory of a shim", shim.resident, "/bin/sleep", baseline.resident, "MB", "");
    client.fire(&agent, false, None).await.expect("fired");
}
