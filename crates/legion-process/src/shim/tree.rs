//! Kills what an agent left behind. The shim adopts every orphan below it, so that whatever the
//! agent started, however it was detached, is found among the shim's descendants.

use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::Timespec;
use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, pidfd_send_signal, wait};

use crate::linux::cgroup::Cgroup;
use crate::linux::{proc, sweep};

/// How long the shim goes on against a tree that will not die.
const KILL_TIME_MAX: Duration = Duration::from_secs(10);
/// Between two rounds.
const ROUND: Timespec = Timespec { tv_sec: 0, tv_nsec: 2_000_000 };

/// Reaps whatever ended; returns the agent's own status if it was among it, and whether the shim
/// has any child left.
pub(super) fn reap(agent: Pid) -> (Option<WaitStatus>, bool) {
    let mut status = None;
    loop {
        match wait(WaitOptions::NOHANG) {
            Ok(Some((pid, found))) => {
                if pid == agent {
                    status = Some(found);
                }
            }
            Ok(None) => return (status, true),
            Err(Errno::INTR) => {}
            Err(_) => return (status, false),
        }
    }
}

/// Kills everything below the shim, the agent too if it still lives. Returns the agent's status
/// if it ended here, and whether nothing is left.
pub(super) fn kill(agent: Pid, cgroup: Option<&Path>) -> (Option<WaitStatus>, bool) {
    let deadline = Instant::now() + KILL_TIME_MAX;
    let cgroup = cgroup.map(Cgroup::at);
    let mut status = None;
    loop {
        if let Some(cgroup) = &cgroup {
            cgroup.kill();
        }
        let own = std::process::id();
        for below in proc::descendants(own).unwrap_or_default() {
            kill_one(&below);
        }
        let (ended, children_left) = reap(agent);
        status = status.or(ended);
        let populated = cgroup.as_ref().is_some_and(Cgroup::is_populated);
        if !children_left && !populated {
            return (status, true);
        }
        if Instant::now() >= deadline {
            return (status, false);
        }
        // Only to let the kernel work; ended children are seen on the next round.
        let _ = rustix::event::poll(&mut [], Some(&ROUND));
    }
}

fn kill_one(below: &proc::Stat) {
    let Some(pidfd) = sweep::open(below.pid) else {
        return;
    };
    // Whoever has this pid now must still be the one that was found.
    if proc::stat(below.pid).is_ok_and(|stat| stat.start_time == below.start_time) {
        // Gone in the meantime: all the better.
        let _ = pidfd_send_signal(&pidfd, Signal::KILL);
    }
}
