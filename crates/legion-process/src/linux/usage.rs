//! What an agent's tree uses: for the liveness probe and the memory bound.

use std::fs;
use std::io;
use std::time::Duration;

use super::cgroup::Cgroup;
use super::proc;

/// What a tree of processes has used, or holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// CPU time since the start, ended and reaped processes included.
    pub cpu: Duration,
    /// Live processes.
    pub processes: usize,
    /// Sum of the resident sets; counts shared pages once for each process.
    pub resident_bytes: u64,
    /// Sum of the proportional sets; `None` when it may not be read.
    pub proportional_bytes: Option<u64>,
}

impl Usage {
    /// Returns what the tree below the shim `shim_pid` uses, the shim itself excepted. The
    /// cgroup, where there is one, counts CPU time that processes below the shim no longer show.
    ///
    /// # Errors
    /// `NotFound` when the shim is gone.
    pub fn of(shim_pid: u32, cgroup: Option<&Cgroup>) -> io::Result<Self> {
        let shim = proc::stat(shim_pid)?;
        let tree = proc::descendants(shim_pid)?;
        let page_bytes = rustix::param::page_size() as u64;
        let ticks: u64 = tree.iter().map(|stat| stat.ticks + stat.children_ticks).sum();
        let ticks = ticks + shim.children_ticks;
        let per_second = rustix::param::clock_ticks_per_second().max(1);
        let cpu = Duration::from_millis(ticks.saturating_mul(1000) / per_second);
        let proportional = tree.iter().map(|stat| proportional_bytes(stat.pid));
        Ok(Self {
            cpu: cgroup.and_then(Cgroup::cpu).unwrap_or(cpu),
            processes: tree.len(),
            resident_bytes: tree.iter().map(|stat| stat.resident_pages * page_bytes).sum(),
            proportional_bytes: proportional.sum(),
        })
    }
}

/// Returns the proportional set of `pid`; 0 when it is gone by now.
fn proportional_bytes(pid: u32) -> Option<u64> {
    let text = match fs::read_to_string(format!("/proc/{pid}/smaps_rollup")) {
        Ok(text) => text,
        Err(error) if error.raw_os_error() == Some(libc::EACCES) => return None,
        Err(_) => return Some(0),
    };
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
    let kilobytes = line.and_then(|line| line.split_ascii_whitespace().next()?.parse::<u64>().ok());
    Some(kilobytes.unwrap_or(0) * 1024)
}
