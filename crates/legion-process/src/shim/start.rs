//! From the specification on standard input to a running program, or to none.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::recorder::Recorder;
use super::serve::{Held, serve};
use super::{exit_code, listen};
use crate::linux::cgroup::Cgroup;
use crate::linux::spawn::{self, Agent, SpawnError};
use crate::transcript::file::{lock_path, transcript_path};
use crate::wire::spec::{INPUT_BYTES_MAX, ShimSpec};
use crate::{Content, Failure, FailureKind, was_started};

/// A specification is read up to here: one input of the largest size as base64, and the rest.
const SPEC_BYTES_MAX: u64 = (INPUT_BYTES_MAX / 3 * 4 + 8 * 1024 * 1024) as u64;
/// How long to wait for the process's own lock: somebody may be probing it.
const OWN_LOCK_WAIT_MAX: Duration = Duration::from_millis(500);
/// How long to wait for the last process of the conversation to be gone.
const CONVERSATION_LOCK_WAIT_MAX: Duration = Duration::from_secs(10);
const LOCK_RETRY: Duration = Duration::from_millis(20);
/// How long to wait for the disk to take the record of a failure.
const FAILURE_RECORD_WAIT_MAX: Duration = Duration::from_secs(60);

/// The whole of `legion shim`. To be called from the program's main thread before any other
/// thread exists: the agent dies with the thread that starts it.
///
/// Reads a [`ShimSpec`] as JSON from standard input until its end. The result is one of
/// [`exit_code`].
pub fn shim_main() -> ExitCode {
    spawn::close_inherited();
    // Refused only where it is not needed: to the leader of a group of its own.
    let _ = rustix::process::setsid();
    match run() {
        Ok(()) => ExitCode::from(exit_code::DONE),
        Err(code) => ExitCode::from(code),
    }
}

fn run() -> Result<(), u8> {
    let mut spec = read_spec().ok_or(exit_code::SPEC_INVALID)?;
    detach().map_err(|_| exit_code::NOT_PREPARED)?;
    let lock = open_lock(&lock_path(&spec.dir)).map_err(|_| exit_code::NOT_PREPARED)?;
    if !take(&lock, OWN_LOCK_WAIT_MAX) {
        return Err(exit_code::ALREADY_RUNNING);
    }
    if was_started(&spec.dir) {
        return Err(exit_code::ALREADY_STARTED);
    }
    let transcript = Recorder::open(&transcript_path(&spec.dir));
    let (mut recorder, has_frames) = transcript.map_err(|_| exit_code::NOT_PREPARED)?;
    if has_frames {
        return Err(exit_code::ALREADY_STARTED);
    }
    let conversation = open_lock(&spec.conversation_lock);
    let conversation = conversation.map_err(|_| exit_code::NOT_PREPARED)?;
    if !take(&conversation, CONVERSATION_LOCK_WAIT_MAX) {
        let busy = Failure {
            kind: FailureKind::ConversationBusy,
            message: "another process of this conversation still runs".to_owned(),
        };
        fail(&spec, &mut recorder, busy);
        return Err(exit_code::CONVERSATION_BUSY);
    }
    let first = match spec.stdin.take() {
        None => None,
        Some(first) => match first.bytes.read() {
            Ok(bytes) => Some((first.id, bytes, first.close_after)),
            Err(error) => {
                let message = format!("failed to read the first input: {error}");
                let kind = FailureKind::Input;
                fail(&spec, &mut recorder, Failure { kind, message });
                return Err(exit_code::NOT_STARTED);
            }
        },
    };
    // Before the program, so that a service that waits for it can be told.
    let listener = listen::listen(&spec.socket).map_err(|_| exit_code::NOT_PREPARED)?;
    let signals = spawn::signals().map_err(|_| exit_code::NOT_PREPARED)?;
    let agent = match start_agent(&spec) {
        Ok(agent) => agent,
        Err(error) => {
            // Whoever finds the socket from now on finds nobody behind it anyway.
            let _ = std::fs::remove_file(&spec.socket);
            let SpawnError::Failed(failure) = error else {
                return Err(exit_code::ALREADY_STARTED);
            };
            fail(&spec, &mut recorder, failure);
            return Err(exit_code::NOT_STARTED);
        }
    };
    recorder.record(Content::Started(agent.identity));
    // From here on nobody needs them.
    spec.args = Vec::new();
    spec.env.clear();
    serve(Held { spec, first, recorder, listener, signals, agent });
    drop((lock, conversation));
    Ok(())
}

/// Returns `None` unless the whole specification came.
fn read_spec() -> Option<ShimSpec> {
    let mut text = Vec::new();
    let mut stdin = io::stdin().lock().take(SPEC_BYTES_MAX);
    stdin.read_to_end(&mut text).ok()?;
    serde_json::from_slice(&text).ok()
}

/// Lets go of everything of the starter, and adopts the orphans to come.
fn detach() -> io::Result<()> {
    let null = OpenOptions::new().read(true).write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(&null)?;
    rustix::stdio::dup2_stderr(&null)?;
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    // Not to stand in the way of an unmount.
    std::env::set_current_dir("/")
}

fn open_lock(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path)
}

fn take(lock: &File, wait_max: Duration) -> bool {
    let deadline = Instant::now() + wait_max;
    loop {
        match flock(lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return true,
            Err(Errno::INTR) => {}
            Err(_) if Instant::now() >= deadline => return false,
            Err(_) => std::thread::sleep(LOCK_RETRY),
        }
    }
}

fn start_agent(spec: &ShimSpec) -> Result<Agent, SpawnError> {
    let failed = |kind, message| SpawnError::Failed(Failure { kind, message });
    let cwd = spec.cwd.display();
    match std::fs::metadata(&spec.cwd) {
        Ok(metadata) if metadata.is_dir() => {}
        Ok(_) => {
            let message = format!("the working directory `{cwd}` is no directory");
            return Err(failed(FailureKind::WorkingDirectory, message));
        }
        Err(error) => {
            let message = format!("the working directory `{cwd}` cannot be used: {error}");
            return Err(failed(FailureKind::WorkingDirectory, message));
        }
    }
    let directory = File::open(&spec.dir).map(OwnedFd::from);
    let directory = directory.map_err(|error| failed(FailureKind::Other, format!("the process directory: {error}")))?;
    let mut joining = Vec::new();
    for path in spec.cgroup.iter().chain(&spec.groups) {
        let cgroup = Cgroup::at(path);
        let unusable = |reason: &dyn std::fmt::Display| {
            let message = format!("the control group `{}`: {reason}", path.display());
            failed(FailureKind::Cgroup, message)
        };
        // Who joins a frozen group stands still, and whoever waits for it does too.
        if cgroup.is_frozen() {
            return Err(unusable(&"it is frozen"));
        }
        joining.push(cgroup.open_joining().map_err(|error| unusable(&error))?);
    }
    spawn::spawn(spec, directory, joining)
}

/// Writes down that there will be no program, and leaves nothing else of it.
fn fail(spec: &ShimSpec, recorder: &mut Recorder, failure: Failure) {
    if let Some(path) = spec.cgroup.as_ref().filter(|_| !spec.leave_group) {
        // Nobody joined it. What cannot be removed is the sweeper's.
        let _ = Cgroup::at(path).remove();
    }
    recorder.record(Content::Failed(failure));
    let deadline = Instant::now() + FAILURE_RECORD_WAIT_MAX;
    while let Some(retry_at) = recorder.retry_at()
        && Instant::now() < deadline
    {
        std::thread::sleep(retry_at.saturating_duration_since(Instant::now()));
        recorder.retry(Instant::now());
    }
}
