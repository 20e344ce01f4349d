//! Starts the agent program as the shim's child, and the shim's own view of signals.

use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd as _, FromRawFd as _, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::process::{ChildStderr, ChildStdin, ChildStdout, Command, Stdio};

use rustix::fs::{Mode, OFlags, fsync, openat};
use rustix::process::{Pid, Resource, Rlimit, Signal, getpid};

use crate::marker::MARKER;
use crate::wire::spec::ShimSpec;
use crate::{Failure, FailureKind, Identity, PROCESS_VARIABLE};

/// What the child reports instead of its own error, so that it is not taken for one of `exec`.
const CGROUP_REFUSED: i32 = libc::EXDEV;
const SHIM_GONE: i32 = libc::ESTALE;
const ALREADY_MARKED: i32 = libc::EEXIST;
/// The highest signal number.
const SIGNAL_MAX: libc::c_int = 64;

/// The agent program, just started.
#[derive(Debug)]
pub(crate) struct Agent {
    pub pid: Pid,
    pub identity: Identity,
    pub pidfd: OwnedFd,
    pub stdin: ChildStdin,
    pub stdout: ChildStdout,
    pub stderr: ChildStderr,
}

/// Why there is no agent.
#[derive(Debug)]
pub(crate) enum SpawnError {
    /// The marker is there: it was started before.
    AlreadyStarted,
    Failed(Failure),
}

/// Starts the program of `spec`. `directory` is the process's directory, where the child makes
/// its marker; `joining` are the `cgroup.procs` of its groups.
pub(crate) fn spawn(spec: &ShimSpec, directory: OwnedFd, joining: Vec<File>) -> Result<Agent, SpawnError> {
    let shim = getpid();
    let mut command = Command::new(&spec.program);
    command
        .args(&spec.args)
        .env_clear()
        .envs(&spec.env)
        .env(PROCESS_VARIABLE, spec.process.to_string())
        .current_dir(&spec.cwd)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let prepare = move || prepare_child(shim, &directory, &joining);
    // SAFETY: between fork and exec only async-signal-safe calls may be made. `prepare_child`
    // makes nothing but system calls: no allocation, no lock, no panic.
    unsafe { command.pre_exec(prepare) };
    let mut child = command.spawn().map_err(|error| why(spec, &error))?;
    let pid = Pid::from_child(&child);
    let other = |error: io::Error| {
        SpawnError::Failed(Failure {
            kind: FailureKind::Other,
            message: format!("failed to hold the started program: {error}"),
        })
    };
    let pidfd = rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty());
    let held = pidfd.map_err(io::Error::from).and_then(|pidfd| {
        let identity = Identity::of(child.id())?;
        Ok((pidfd, identity))
    });
    let (pidfd, identity) = held.map_err(|error| {
        // A program that cannot be held must not run on.
        let _ = child.kill();
        let _ = child.wait();
        other(error)
    })?;
    Ok(Agent {
        pid,
        identity,
        pidfd,
        stdin: child.stdin.take().expect("asked for above"),
        stdout: child.stdout.take().expect("asked for above"),
        stderr: child.stderr.take().expect("asked for above"),
    })
}

/// Runs in the child, after the fork and before the program.
fn prepare_child(shim: Pid, directory: &OwnedFd, joining: &[File]) -> io::Result<()> {
    rustix::process::setsid()?;
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    // The shim may have died before the line above: then nobody would ever send that signal.
    if rustix::process::getppid() != Some(shim) {
        return Err(io::Error::from_raw_os_error(SHIM_GONE));
    }
    for joining in joining {
        rustix::io::write(joining, b"0").map_err(|_| io::Error::from_raw_os_error(CGROUP_REFUSED))?;
    }
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    rustix::process::setrlimit(Resource::Core, none)?;
    reset_signals();
    // Last: from here on the program counts as started.
    let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::CLOEXEC;
    let marker = openat(directory, MARKER, flags, Mode::RUSR | Mode::WUSR)?;
    fsync(&marker)?;
    fsync(directory)?;
    Ok(())
}

fn reset_signals() {
    // The kernel's own structure, all zero: the default disposition. The C library would refuse
    // the two signals that it keeps for itself, and those can be inherited as ignored too.
    let default = [0_u64; 4];
    for signal in 1..=SIGNAL_MAX {
        // SAFETY: the kernel reads a structure no larger than `default` and writes nothing; a
        // plain system call. The two signals that cannot be changed fail, which is fine.
        unsafe {
            let nothing = std::ptr::null_mut::<libc::c_void>();
            libc::syscall(libc::SYS_rt_sigaction, signal, default.as_ptr(), nothing, 8_usize);
        }
    }
    let mut none = MaybeUninit::uninit();
    // SAFETY: `sigemptyset` initialises the set it is given; both calls are async-signal-safe.
    unsafe {
        libc::sigemptyset(none.as_mut_ptr());
        libc::sigprocmask(libc::SIG_SETMASK, none.as_ptr(), std::ptr::null_mut());
    }
}

fn why(spec: &ShimSpec, error: &io::Error) -> SpawnError {
    let program = &spec.program;
    let (kind, message) = match error.raw_os_error() {
        Some(ALREADY_MARKED) => return SpawnError::AlreadyStarted,
        Some(CGROUP_REFUSED) => (FailureKind::Cgroup, "the program could not join its control group".to_owned()),
        Some(libc::ENOENT) => {
            (FailureKind::ProgramNotFound, format!("there is no program `{program}` (or its interpreter is missing)"))
        }
        Some(libc::EACCES | libc::EPERM) => {
            (FailureKind::ProgramNotExecutable, format!("`{program}` may not be executed: {error}"))
        }
        Some(libc::ENOEXEC) => {
            (FailureKind::ProgramNotExecutable, format!("`{program}` is not a program for this machine: {error}"))
        }
        _ => (FailureKind::Other, format!("failed to start `{program}`: {error}")),
    };
    SpawnError::Failed(Failure { kind, message })
}

/// Closes every descriptor above standard error: whatever the service's own starter let through.
/// To be called once, first of all.
pub(crate) fn close_inherited() {
    // SAFETY: called at the very start of the program, when nothing of ours is open yet, so no
    // owner of a descriptor exists whose descriptor would vanish.
    unsafe { libc::syscall(libc::SYS_close_range, 3_u32, u32::MAX, 0_u32) };
}

/// Turns the signals that concern the shim into something to poll: its children, and requests to
/// end.
pub(crate) fn signals() -> io::Result<OwnedFd> {
    let mut set = MaybeUninit::uninit();
    // SAFETY: `sigemptyset` initialises the set, the rest reads or extends it; the descriptor
    // that signalfd returns is new and ours alone.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        for signal in [libc::SIGCHLD, libc::SIGTERM, libc::SIGINT, libc::SIGHUP] {
            libc::sigaddset(set.as_mut_ptr(), signal);
        }
        if libc::sigprocmask(libc::SIG_BLOCK, set.as_ptr(), std::ptr::null_mut()) != 0 {
            return Err(io::Error::last_os_error());
        }
        match libc::signalfd(-1, set.as_ptr(), libc::SFD_NONBLOCK | libc::SFD_CLOEXEC) {
            -1 => Err(io::Error::last_os_error()),
            fd => Ok(OwnedFd::from_raw_fd(fd)),
        }
    }
}

/// Empties the signal descriptor; returns whether somebody asked the shim to end.
pub(crate) fn drain_signals(signals: &OwnedFd) -> bool {
    const INFO_BYTES: usize = size_of::<libc::signalfd_siginfo>();
    let mut asked = false;
    let mut info = [0_u8; INFO_BYTES];
    while let Ok(INFO_BYTES) = rustix::io::read(signals.as_fd(), &mut info) {
        // The signal's number is the first field.
        let number = u32::from_ne_bytes(info[..4].try_into().expect("four bytes"));
        asked |= number != libc::SIGCHLD.cast_unsigned();
    }
    asked
}
