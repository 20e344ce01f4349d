//! A program in a terminal of its own, as a person's shell would start it.

use std::io;
use std::os::fd::OwnedFd;

use legion_process::replace::{fork_worker, replace_process};
use rustix::process::{Pid, Signal, WaitOptions, set_parent_process_death_signal, waitpid};
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};

use crate::helper::main::Variables;

/// Runs `program` in a new terminal, to its end.
pub(super) fn run(program: &str, arguments: &[String], environment: &Variables) -> io::Result<()> {
    // A copy, because whoever leads a group of processes cannot begin a session.
    let child = fork_worker(|| {
        let begun = set_parent_process_death_signal(Some(Signal::KILL)).map_err(io::Error::from).and_then(|()| open());
        let error = begun.err().unwrap_or_else(|| replace_process(program.as_ref(), None, arguments, environment));
        eprintln!("legion {}: `{program}`: {error}", super::main::TERMINAL);
        u8::MAX
    })?;
    let pid = i32::try_from(child).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::InvalidData)?;
    match waitpid(Some(pid), WaitOptions::empty())?.and_then(|(_, status)| status.exit_status()) {
        Some(0) => Ok(()),
        _ => Err(io::Error::other(format!("`{program}` failed"))),
    }
}

/// Makes a new terminal the one of this process, and its standard input. Somebody reads the other end until all have left.
fn open() -> io::Result<()> {
    rustix::process::setsid()?;
    let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    grantpt(&controller)?;
    unlockpt(&controller)?;
    // Before the terminal is opened: its copy would keep it open for ever.
    fork_worker(|| hold(&controller))?;
    let terminal = ioctl_tiocgptpeer(&controller, OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    rustix::process::ioctl_tiocsctty(&terminal)?;
    Ok(rustix::stdio::dup2_stdin(&terminal)?)
}

/// Holds the terminal's other end.
fn hold(controller: &OwnedFd) -> u8 {
    // Neither the terminal nor the starter's pipes: whoever waits for their ends must not wait for this process.
    let null = rustix::fs::open("/dev/null", rustix::fs::OFlags::RDWR, rustix::fs::Mode::empty());
    let Ok(null) = null else { return 1 };
    let quiet = rustix::stdio::dup2_stdin(&null).and(rustix::stdio::dup2_stdout(&null));
    if quiet.and(rustix::stdio::dup2_stderr(&null)).is_err() {
        return 1;
    }
    let mut bytes = [0_u8; 256];
    // Ends with an error as soon as nobody has the terminal open.
    while rustix::io::read(controller, &mut bytes).is_ok_and(|read| read > 0) {}
    0
}
