//! What the benches share: times and their percentiles, lines, a client, baselines, and what `/proc` says.
#![expect(dead_code, reason = "each bench uses a part of it")]

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use legion_api::{AgentStatus, Driver, HireRequest, TreeNode};
use legion_client::{Client, Endpoint, Found, TreeFilter};

use crate::support::{Legion, PATIENCE};

/// Bytes that a hire puts into the log, about: the size of the raw append beside it.
pub const HIRE_BYTES: usize = 2_048;

/// Times of one thing that was done again and again.
#[derive(Default)]
pub struct Times(Vec<Duration>);

impl Times {
    pub fn add(&mut self, time: Duration) {
        self.0.push(time);
    }

    /// The time that `percent` of them do not exceed.
    pub fn percentile(&mut self, percent: usize) -> Duration {
        assert!(!self.0.is_empty(), "nothing was measured");
        self.0.sort_unstable();
        self.0[(self.0.len() * percent).div_ceil(100).max(1) - 1]
    }
}

impl FromIterator<Duration> for Times {
    fn from_iter<I: IntoIterator<Item = Duration>>(times: I) -> Self {
        Self(times.into_iter().collect())
    }
}

pub fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// Prints one result beside its baseline.
pub fn line(name: &str, value: f64, baseline_name: &str, baseline: f64, unit: &str, target: &str) {
    let ratio = if baseline > 0.0 { format!("{:.2}", value / baseline) } else { "-".to_owned() };
    let target = if target.is_empty() { String::new() } else { format!(" [target: {target}]") };
    println!("{name}: {value:.3} {unit} ({baseline_name}: {baseline:.3} {unit}) ratio {ratio}{target}");
}

/// Prints what else the machine does.
pub fn print_load() {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    println!("load: {} on {cores} cores", load.trim());
}

/// The time of day in nanoseconds: what two processes of one machine can compare.
pub fn now_ns() -> i128 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970");
    i128::try_from(since.as_nanos()).expect("fits")
}

/// A time between two readings of the clock; none when the second came first.
pub fn between(from_ns: i128, to_ns: i128) -> Duration {
    Duration::from_nanos(u64::try_from((to_ns - from_ns).max(0)).expect("not negative"))
}

pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
}

/// A client with the person's token.
pub fn client(legion: &Legion) -> Client {
    let url = legion.service()["url"].as_str().expect("an address").to_owned();
    let token = std::fs::read_to_string(legion.dir.path().join("data/token")).expect("the token is readable");
    Client::to(&Endpoint { url, token: Some(token.trim().to_owned()), found: Found::Url }).expect("a client")
}

/// A `command` agent in the work directory.
pub fn hire_request(legion: &Legion, task: &str, command: &str) -> HireRequest {
    HireRequest {
        task: task.to_owned(),
        driver: Some(Driver::Command),
        command: Some(command.to_owned()),
        cwd: Some(legion.work().display().to_string()),
        ..HireRequest::default()
    }
}

pub async fn tree(client: &Client) -> TreeNode {
    client.tree(&TreeFilter::default()).await.expect("the tree")
}

/// Agents directly below the person that work.
pub fn working(tree: &TreeNode) -> usize {
    tree.reports.iter().filter(|report| report.status == AgentStatus::Working || report.queued > 0).count()
}

/// Waits until nobody works.
pub async fn until_idle(client: &Client) {
    until("everybody is idle", PATIENCE, Duration::from_millis(100), async || {
        (working(&tree(client).await) == 0).then_some(())
    })
    .await;
}

/// Looks until something is found.
pub async fn until<T>(what: &str, patience: Duration, pause: Duration, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(started.elapsed() < patience, "waited {patience:?} for: {what}");
        tokio::time::sleep(pause).await;
    }
}

/// Appends to a file and waits until the disk has it, once.
pub fn append_and_sync(path: &Path, bytes: usize) -> Duration {
    let mut file = OpenOptions::new().create(true).append(true).open(path).expect("the file opens");
    let content = vec![b'x'; bytes];
    let started = Instant::now();
    file.write_all(&content).expect("appended");
    file.sync_data().expect("synced");
    started.elapsed()
}

/// CPU time that all threads of a process have had.
pub fn cpu(pid: u32) -> Duration {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).expect("the process lives");
    let of_thread = |path: &Path| -> u64 {
        let text = std::fs::read_to_string(path.join("schedstat")).unwrap_or_default();
        text.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or(0)
    };
    Duration::from_nanos(threads.filter_map(|entry| Some(of_thread(&entry.ok()?.path()))).sum())
}

/// Memory of a process in megabytes (10⁶ bytes).
pub struct Memory {
    pub resident: f64,
    /// Shared pages count in parts.
    pub proportional: f64,
    pub private: f64,
}

pub fn memory(pid: u32) -> Memory {
    let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).expect("the process lives");
    let megabytes = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("no {name} in {text}"));
        let kib: f64 = line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number");
        kib * 1_024.0 / 1e6
    };
    Memory {
        resident: megabytes("Rss:"),
        proportional: megabytes("Pss:"),
        private: megabytes("Private_Clean:") + megabytes("Private_Dirty:"),
    }
}

/// A process of a baseline, ended with its holder.
pub struct Child(pub std::process::Child);

impl Drop for Child {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
