//! The shim's loop: output to the transcript, inputs to the program, words with the service, and
//! the end of the whole tree.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixListener;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::ioctl_fionbio;
use rustix::process::{Pid, Signal, WaitStatus, kill_process_group, pidfd_send_signal};
use uuid::Uuid;

use super::ladder::{Ladder, Rung};
use super::peer::Peer;
use super::recorder::Recorder;
use super::stdin::{Fate, Stdin};
use super::tree;
use crate::linux::cgroup::Cgroup;
use crate::linux::proc;
use crate::linux::spawn::{Agent, drain_signals};
use crate::linux::sweep::{open, sweep};
use crate::transcript::frame::{CHUNK_BYTES_MAX, KIND_STDERR, KIND_STDOUT};
use crate::wire::message::{PROTOCOL_VERSION, Welcome};
use crate::wire::spec::ShimSpec;
use crate::{Content, Exit, ExitCause, ExitStatus};

/// How long the pipes of a dead tree are read: somebody far away may hold an end.
const DRAIN_TIME_MAX: Duration = Duration::from_secs(2);

/// The highest signal that ends a program by itself.
const SIGNAL_MAX: i32 = 31;

/// What a shim holds once the program runs.
#[derive(Debug)]
pub(super) struct Held {
    pub spec: ShimSpec,
    pub first: Option<(Uuid, Vec<u8>, bool)>,
    pub recorder: Recorder,
    pub listener: UnixListener,
    pub signals: OwnedFd,
    pub agent: Agent,
}

/// Holds the program until nothing of it is left and the transcript says so.
pub(super) fn serve(held: Held) {
    let pid = held.agent.pid;
    let Ok(mut shim) = Holder::new(held) else {
        // Without its pipes the program cannot be held.
        tree::kill(pid, None);
        return;
    };
    while !shim.is_done() {
        shim.turn();
    }
    shim.close();
}

/// Which descriptor is ready.
#[derive(Clone, Copy, Debug)]
enum Source {
    Signals,
    Listener,
    Stdout,
    Stderr,
    Stdin,
    Peer(usize),
}

/// How far the end has come.
#[derive(Clone, Copy, Debug)]
enum Phase {
    Running,
    /// The tree is dead; what is left in the pipes is read until then.
    Draining {
        status: ExitStatus,
        tree_gone: bool,
        until: Instant,
    },
    /// The last frame is handed to the recorder.
    Ended,
}

/// The shim while its program runs.
pub(super) struct Holder {
    pub(super) spec: ShimSpec,
    pub(super) recorder: Recorder,
    pub(super) listener: UnixListener,
    pub(super) signals: OwnedFd,
    pub(super) pid: Pid,
    pub(super) pidfd: OwnedFd,
    pub(super) welcome: Welcome,
    pub(super) stdin: Stdin,
    pub(super) stdout: Option<File>,
    pub(super) stderr: Option<File>,
    pub(super) peers: Vec<Peer>,
    pub(super) ladder: Option<Ladder>,
    phase: Phase,
    pub(super) output_bytes: u64,
    pub(super) unattended_since: Option<Instant>,
    /// Told to the peers once the disk has taken them.
    pub(super) fates: Vec<Fate>,
    pub(super) chunk: Vec<u8>,
    pub(super) scratch: Vec<u8>,
}

impl Holder {
    fn new(held: Held) -> io::Result<Self> {
        let agent = held.agent;
        for pipe in [agent.stdin.as_fd(), agent.stdout.as_fd(), agent.stderr.as_fd()] {
            ioctl_fionbio(pipe, true)?;
        }
        let mut stdin = Stdin::new(File::from(OwnedFd::from(agent.stdin)));
        let mut fates = Vec::new();
        if let Some((id, bytes, close)) = held.first {
            fates.push(stdin.offer(id, bytes, close));
        }
        if !held.spec.keep_stdin_open {
            stdin.close();
        }
        Ok(Self {
            welcome: Welcome {
                legion_shim: PROTOCOL_VERSION,
                process: held.spec.process,
                pid: agent.identity.pid,
                start_time: agent.identity.start_time,
                boot_id: agent.identity.boot_id,
                shim_pid: std::process::id(),
                length: 0,
            },
            spec: held.spec,
            recorder: held.recorder,
            listener: held.listener,
            signals: held.signals,
            pid: agent.pid,
            pidfd: agent.pidfd,
            stdin,
            stdout: Some(File::from(OwnedFd::from(agent.stdout))),
            stderr: Some(File::from(OwnedFd::from(agent.stderr))),
            peers: Vec::new(),
            ladder: None,
            phase: Phase::Running,
            output_bytes: 0,
            unattended_since: Some(Instant::now()),
            fates,
            chunk: vec![0; CHUNK_BYTES_MAX],
            scratch: Vec::new(),
        })
    }

    fn is_done(&self) -> bool {
        matches!(self.phase, Phase::Ended) && !self.recorder.is_blocked()
    }

    fn turn(&mut self) {
        self.meet_deadlines(Instant::now());
        for source in self.wait() {
            match source {
                Source::Signals => {
                    if drain_signals(&self.signals) {
                        let grace = Duration::from_millis(self.spec.grace);
                        self.begin_end(ExitCause::Stopped, grace, false);
                    }
                }
                Source::Listener => self.accept(),
                Source::Stdout => self.read_output(KIND_STDOUT),
                Source::Stderr => self.read_output(KIND_STDERR),
                Source::Stdin => {}
                Source::Peer(index) => self.hear(index),
            }
        }
        self.fates.extend(self.stdin.advance(&mut self.recorder));
        self.look_for_the_end();
        self.speak();
    }

    fn meet_deadlines(&mut self, now: Instant) {
        self.recorder.retry(now);
        if self.orphaned_at().is_some_and(|at| now >= at) {
            self.unattended_since = None;
            let grace = Duration::from_millis(self.spec.grace);
            self.begin_end(ExitCause::Orphaned, grace, true);
        }
        let rung = match (&mut self.ladder, self.phase) {
            (Some(ladder), Phase::Running) => ladder.due(now),
            _ => None,
        };
        match rung {
            // The program alone: its helpers must be there for what it does next.
            Some(Rung::Interrupt) => self.interrupt(),
            Some(Rung::Terminate) => self.terminate(),
            Some(Rung::KillTree) => {
                let (status, gone) = tree::kill(self.pid, self.spec.cgroup.as_deref());
                if let Some(status) = status {
                    self.drain_from(status, gone);
                }
            }
            None => {}
        }
        if let Phase::Draining { until, .. } = &mut self.phase
            && self.recorder.is_blocked()
        {
            *until = now + DRAIN_TIME_MAX;
        }
    }

    /// Returns what is ready, after at most the time to the next deadline.
    fn wait(&self) -> Vec<Source> {
        let mut sources = vec![Source::Signals, Source::Listener];
        let mut fds = vec![PollFd::new(&self.signals, PollFlags::IN), PollFd::new(&self.listener, PollFlags::IN)];
        let reads = !self.recorder.is_blocked() && !self.is_over_limit();
        if let Some(stdout) = self.stdout.as_ref().filter(|_| reads) {
            sources.push(Source::Stdout);
            fds.push(PollFd::new(stdout, PollFlags::IN));
        }
        if let Some(stderr) = self.stderr.as_ref().filter(|_| reads) {
            sources.push(Source::Stderr);
            fds.push(PollFd::new(stderr, PollFlags::IN));
        }
        if let Some(pipe) = self.stdin.wanted().filter(|_| !self.recorder.is_blocked()) {
            sources.push(Source::Stdin);
            fds.push(PollFd::new(pipe, PollFlags::OUT));
        }
        for (index, peer) in self.peers.iter().enumerate() {
            let out = if peer.wants_to_write() { PollFlags::OUT } else { PollFlags::empty() };
            sources.push(Source::Peer(index));
            fds.push(PollFd::new(&peer.stream, PollFlags::IN | out));
        }
        let left = self.next_deadline().map(|deadline| {
            let left = deadline.saturating_duration_since(Instant::now());
            Timespec::try_from(left).expect("deadlines are near")
        });
        if poll(&mut fds, left.as_ref()).is_err() {
            // Interrupted: the caller comes again.
            return Vec::new();
        }
        let ready = sources.into_iter().zip(&fds);
        ready.filter(|(_, fd)| !fd.revents().is_empty()).map(|(source, _)| source).collect()
    }

    fn next_deadline(&self) -> Option<Instant> {
        let ladder = self.ladder.as_ref().map(Ladder::next_at);
        let phase = match self.phase {
            Phase::Running => ladder,
            Phase::Draining { until, .. } => Some(until),
            Phase::Ended => None,
        };
        let peers = self.peers.iter().filter_map(Peer::expires_at).min();
        [phase, peers, self.recorder.retry_at(), self.orphaned_at()].into_iter().flatten().min()
    }

    fn orphaned_at(&self) -> Option<Instant> {
        let since = self.unattended_since?;
        // A time too far away to name is never.
        since.checked_add(Duration::from_secs(self.spec.orphan_after)).filter(|_| matches!(self.phase, Phase::Running))
    }

    /// Over its limit the program is read no more until it is dead: then only what the pipes
    /// hold is left.
    fn is_over_limit(&self) -> bool {
        matches!(self.phase, Phase::Running) && self.output_bytes >= self.spec.output_bytes_max
    }

    fn read_output(&mut self, kind: u8) {
        let pipe = match kind {
            KIND_STDOUT => &mut self.stdout,
            _ => &mut self.stderr,
        };
        // Of two pipes ready at once, the first may have blocked the disk.
        let Some(open) = pipe.as_mut().filter(|_| !self.recorder.is_blocked()) else {
            return;
        };
        match open.read(&mut self.chunk) {
            Ok(0) => *pipe = None,
            Ok(count) => {
                let chunk = &self.chunk[..count];
                self.recorder.record_chunk(kind, chunk, &mut self.scratch);
                self.output_bytes += count as u64;
                if self.is_over_limit() {
                    let grace = Duration::from_millis(self.spec.grace);
                    self.begin_end(ExitCause::OutputLimit, grace, false);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => *pipe = None,
        }
    }

    pub(super) fn begin_end(&mut self, cause: ExitCause, grace: Duration, interrupt: bool) {
        let now = Instant::now();
        match &mut self.ladder {
            Some(ladder) => ladder.hasten(grace, interrupt, now),
            None => self.ladder = Some(Ladder::begin(cause, grace, interrupt, now)),
        }
    }

    pub(super) fn interrupt(&self) {
        // Gone in the meantime: nothing to interrupt.
        let _ = match self.held_inside() {
            Some((inside, _)) => pidfd_send_signal(&inside, Signal::INT),
            // What holds it would die of it, and with it all that it holds.
            None if self.spec.inside => Ok(()),
            None => pidfd_send_signal(&self.pidfd, Signal::INT),
        };
    }

    fn terminate(&self) {
        // Not reaped yet, so the group is still this one; whoever is stopped must wake to hear it. A group that is gone
        // needs no signal. Of a sandbox whose program is not there yet, or no more, everything may go.
        let group = self.held_inside().map_or(self.pid, |(_, group)| group);
        let _ = kill_process_group(group, Signal::TERM);
        let _ = kill_process_group(group, Signal::CONT);
    }

    /// The program itself, and its group, where something stands between it and the shim.
    fn held_inside(&self) -> Option<(OwnedFd, Pid)> {
        let own = self.pid.as_raw_nonzero().get().cast_unsigned();
        let stat = proc::second_inside(own).filter(|_| self.spec.inside)?;
        let handle = open(stat.pid)?;
        // Whoever has this pid now must still be the one that was found.
        proc::stat(stat.pid).ok().filter(|now| now.start_time == stat.start_time)?;
        let group = Pid::from_raw(i32::try_from(stat.group).ok()?)?;
        Some((handle, group))
    }

    fn look_for_the_end(&mut self) {
        let (status, _) = match self.phase {
            Phase::Ended => return,
            _ => tree::reap(self.pid),
        };
        if let (Some(status), Phase::Running) = (status, self.phase) {
            // What the program leaves behind goes first: it may hold the pipes.
            let (_, gone) = tree::kill(self.pid, self.spec.cgroup.as_deref());
            self.drain_from(status, gone);
        }
        let Phase::Draining { status, tree_gone, until } = self.phase else {
            return;
        };
        let silent = self.stdout.is_none() && self.stderr.is_none();
        if silent || (Instant::now() >= until && !self.recorder.is_blocked()) {
            let cause = self.ladder.map_or(ExitCause::Own, |ladder| ladder.cause);
            self.recorder.record(Content::Exited(Exit { status, cause, tree_gone }));
            self.phase = Phase::Ended;
        }
    }

    fn drain_from(&mut self, status: WaitStatus, gone: bool) {
        // Whoever fell out of the tree is still marked by its environment.
        let swept = sweep(self.spec.process);
        self.stdin.abandon();
        let status = match (status.exit_status(), status.terminating_signal()) {
            // As a sandbox tells that its program was ended by a signal.
            (Some(code), _) if self.spec.inside && (129..=128 + SIGNAL_MAX).contains(&code) => {
                ExitStatus::Signal(code - 128)
            }
            (Some(code), _) => ExitStatus::Code(code),
            (None, signal) => ExitStatus::Signal(signal.unwrap_or_default()),
        };
        self.phase =
            Phase::Draining { status, tree_gone: gone && swept.left == 0, until: Instant::now() + DRAIN_TIME_MAX };
    }

    /// Leaves nothing behind but the transcript.
    fn close(mut self) {
        self.speak();
        // What cannot be removed is the sweeper's.
        let _ = fs::remove_file(&self.spec.socket);
        if let Some(path) = self.spec.cgroup.as_ref().filter(|_| !self.spec.leave_group) {
            let _ = Cgroup::at(path).remove();
        }
    }
}
