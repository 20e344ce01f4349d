//! Finds and kills the processes of an agent by the id in their environment: for when the shim
//! that held them as its descendants is gone.

use std::collections::HashSet;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use uuid::Uuid;

use super::proc;
use crate::PROCESS_VARIABLE;

/// How long a sweep goes on against a tree that keeps growing or will not die.
const SWEEP_TIME_MAX: Duration = Duration::from_secs(5);
/// How long one round waits for what it killed.
const ROUND_TIME_MAX: Duration = Duration::from_millis(200);

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SweepReport {
    /// Processes killed.
    pub killed: usize,
    /// Processes still seen when the time was over; 0 when the sweep is complete.
    pub left: usize,
}

/// Kills every process of `process`. See [`sweep_many`].
pub fn sweep(process: Uuid) -> SweepReport {
    sweep_many(&[process])
}

/// Kills every process whose environment holds one of these ids, until none is left or five
/// seconds have passed. Reads `/proc` once a round for all ids; blocks.
///
/// Processes whose environment may not be read belong to someone else and are skipped.
/// The calling process is never killed.
pub fn sweep_many(processes: &[Uuid]) -> SweepReport {
    let wanted: HashSet<Uuid> = processes.iter().copied().collect();
    let deadline = Instant::now() + SWEEP_TIME_MAX;
    let mut killed = HashSet::new();
    loop {
        let found = holders(|id| wanted.contains(&id));
        if found.is_empty() || Instant::now() >= deadline {
            return SweepReport { killed: killed.len(), left: found.len() };
        }
        let mut dying = Vec::new();
        for holder in found {
            if pidfd_send_signal(&holder.pidfd, Signal::KILL).is_ok() {
                killed.insert((holder.pid, holder.start_time));
                dying.push(holder.pidfd);
            }
        }
        wait_for_ends(&dying);
    }
}

/// Returns the live processes that hold any process id, the calling process excepted.
pub fn find_live() -> Vec<(Uuid, u32)> {
    let found = holders(|_| true);
    found.iter().map(|holder| (holder.id, holder.pid)).collect()
}

/// A process that holds an id.
struct Holder {
    id: Uuid,
    pid: u32,
    start_time: u64,
    pidfd: OwnedFd,
}

fn holders(wanted: impl Fn(Uuid) -> bool) -> Vec<Holder> {
    let Ok(pids) = proc::pids() else {
        return Vec::new();
    };
    let own = std::process::id();
    let hold = |pid: u32| {
        // The handle first: if the pid passes on before the environment is read, then the
        // signal finds nobody instead of a stranger.
        let pidfd = open(pid)?;
        let value = proc::variable(pid, PROCESS_VARIABLE)?;
        let id = Uuid::try_parse_ascii(&value).ok().filter(|&id| wanted(id))?;
        let stat = proc::stat(pid).ok().filter(|stat| !stat.ended())?;
        Some(Holder { id, pid, start_time: stat.start_time, pidfd })
    };
    pids.filter(|&pid| pid != own).filter_map(hold).collect()
}

/// Returns a handle on `pid`, or `None` when it is gone.
pub(crate) fn open(pid: u32) -> Option<OwnedFd> {
    let pid = Pid::from_raw(i32::try_from(pid).ok()?)?;
    pidfd_open(pid, PidfdFlags::empty()).ok()
}

fn wait_for_ends(pidfds: &[OwnedFd]) {
    let deadline = Instant::now() + ROUND_TIME_MAX;
    for pidfd in pidfds {
        let left = deadline.saturating_duration_since(Instant::now());
        let Ok(left) = Timespec::try_from(left) else {
            return;
        };
        // An error only makes this round shorter.
        let _ = poll(&mut [PollFd::new(pidfd, PollFlags::IN)], Some(&left));
    }
}
