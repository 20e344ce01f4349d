//! What many trees of processes use, with one look at all processes: for limits that no control group holds.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::time::Duration;

use super::proc::{self, Stat};

/// What one tree uses now, or has used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TreeUsage {
    /// Processes that live.
    pub processes: u64,
    /// Processes and threads.
    pub threads: u64,
    /// Sum of the resident sets; counts shared pages once for each process.
    pub resident_bytes: u64,
    /// CPU time since the start, also of processes that ended and were waited for. It falls when one ends that nobody waits for.
    pub cpu: Duration,
    /// Bytes sent to disks since the start, also by processes that ended and were waited for in the tree; `None` when no process
    /// of it may be asked.
    pub written_bytes: Option<u64>,
}

/// Returns what the trees below these processes use, those themselves excepted. A process that is gone is left out.
///
/// # Errors
/// When `/proc` cannot be read.
pub fn trees(roots: &[u32]) -> io::Result<HashMap<u32, TreeUsage>> {
    let mut children: HashMap<u32, Vec<Stat>> = HashMap::new();
    let mut there = Vec::new();
    for stat in proc::pids()?.filter_map(|pid| proc::stat(pid).ok()) {
        if roots.contains(&stat.pid) {
            there.push(stat);
        }
        children.entry(stat.parent).or_default().push(stat);
    }
    let page_bytes = rustix::param::page_size() as u64;
    let ticks_per_second = rustix::param::clock_ticks_per_second().max(1);
    let mut found = HashMap::new();
    for root in there {
        let mut usage = TreeUsage::default();
        // Those that were left to the root, ended, and were waited for there.
        let mut ticks = root.children_ticks;
        let mut parents = vec![root.pid];
        while let Some(parent) = parents.pop() {
            for child in children.get(&parent).into_iter().flatten() {
                parents.push(child.pid);
                usage.processes += u64::from(!child.ended());
                usage.threads += child.threads;
                usage.resident_bytes += child.resident_pages * page_bytes;
                ticks += child.ticks + child.children_ticks;
                if let Some(bytes) = written(child.pid) {
                    usage.written_bytes = Some(usage.written_bytes.unwrap_or(0) + bytes);
                }
            }
        }
        usage.cpu = Duration::from_millis(ticks.saturating_mul(1000) / ticks_per_second);
        found.insert(root.pid, usage);
    }
    Ok(found)
}

/// What a process sent to disks; `None` when it may not be asked, or is gone.
fn written(pid: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/io")).ok()?;
    let number = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|value| value.trim().parse::<u64>().ok()).unwrap_or(0)
    };
    // What was taken back before it reached a disk filled none.
    Some(number("write_bytes:").saturating_sub(number("cancelled_write_bytes:")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_summed_up_and_a_stranger_is_not() {
        let own = std::process::id();
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        // The kernel counts pages late: a program that has just begun may have none.
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
        let usage = loop {
            let found = trees(&[own, u32::MAX]).unwrap();
            assert!(!found.contains_key(&u32::MAX));
            if found[&own].resident_bytes > 0 || std::time::Instant::now() > deadline {
                break found[&own];
            }
        };
        assert!(usage.threads >= usage.processes && usage.processes >= 1 && usage.resident_bytes > 0, "{usage:?}");
        assert!(usage.written_bytes.is_some(), "{usage:?}");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn the_cpu_time_of_a_busy_child_grows_and_stays_when_it_was_waited_for() {
        let own = std::process::id();
        let cpu = || trees(&[own]).unwrap()[&own].cpu;
        let before = cpu();
        let mut child = std::process::Command::new("sh").args(["-c", "while :; do :; done"]).spawn().unwrap();
        let deadline = std::time::Instant::now() + Duration::from_secs(30);
        while cpu() < before + Duration::from_millis(200) {
            assert!(std::time::Instant::now() < deadline, "a busy loop shows no CPU time");
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(cpu() >= before + Duration::from_millis(200));
    }
}
