//! What many trees of processes use, with one look at all processes: for limits that no control group holds.

use std::collections::HashMap;
use std::fs;
use std::io;

use super::proc::{self, Stat};

/// What one tree uses now, or has used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TreeUsage {
    /// Processes and threads.
    pub threads: u64,
    /// Sum of the resident sets; counts shared pages once for each process.
    pub resident_bytes: u64,
    /// Bytes sent to disks since the start, also by processes that ended and were waited for in the tree.
    pub written_bytes: u64,
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
            there.push(stat.pid);
        }
        children.entry(stat.parent).or_default().push(stat);
    }
    let page_bytes = rustix::param::page_size() as u64;
    let mut found = HashMap::new();
    for root in there {
        let mut usage = TreeUsage::default();
        let mut parents = vec![root];
        while let Some(parent) = parents.pop() {
            for child in children.get(&parent).into_iter().flatten() {
                parents.push(child.pid);
                usage.threads += child.threads;
                usage.resident_bytes += child.resident_pages * page_bytes;
                usage.written_bytes += written(child.pid);
            }
        }
        found.insert(root, usage);
    }
    Ok(found)
}

fn written(pid: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/io")).unwrap_or_default();
    let number = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|value| value.trim().parse::<u64>().ok()).unwrap_or(0)
    };
    // What was taken back before it reached a disk filled none.
    number("write_bytes:").saturating_sub(number("cancelled_write_bytes:"))
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
        assert!(usage.threads >= 1 && usage.resident_bytes > 0, "{usage:?}");
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
