//! The task behind a handle: keeps a connection to the shim, repeats what was not acknowledged,
//! and never lets a slow reader of events hold up a request.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::process::Child;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until};
use uuid::Uuid;

use super::connection::{ConnectError, Connection};
use super::handle::ShimEvent;
use crate::Identity;
use crate::wire::message::Report;

/// How long a live shim may be out of reach.
const REACH_TIME_MAX: Duration = Duration::from_secs(60);
const RETRY_FIRST: Duration = Duration::from_millis(2);
const RETRY_MAX: Duration = Duration::from_millis(250);
/// Between two looks at a shim that is not our child and whose connection was cut.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Writes that may wait for their acknowledgement.
const UNACKNOWLEDGED_MAX: usize = 64;

/// Why a shim was not found again.
#[derive(Debug, thiserror::Error)]
pub enum AttachError {
    /// It has ended, or never was.
    #[error("nobody listens at `{socket}`")]
    Absent {
        socket: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// Somebody listens there, but it is not this shim.
    #[error("who listens at `{socket}` is not the shim that was meant: {reason}")]
    Wrong { socket: PathBuf, reason: String },
}

/// A line for the shim.
#[derive(Debug)]
pub(crate) struct Command {
    /// Set for what must be repeated until it is acknowledged.
    pub id: Option<Uuid>,
    pub line: Vec<u8>,
}

/// Reaches the shim once.
pub(crate) async fn attach(socket: &Path, process: Uuid, secret: &str) -> Result<Connection, AttachError> {
    let connection = Connection::open(socket, process, secret).await;
    connection.map_err(|error| match error {
        ConnectError::Unreachable(source) => AttachError::Absent { socket: socket.to_owned(), source },
        ConnectError::Wrong(reason) => AttachError::Wrong { socket: socket.to_owned(), reason },
    })
}

/// What tells whether the shim lives.
enum Life {
    /// Ours to reap.
    Child(Child),
    Other(Identity),
}

/// One shim's task.
pub(crate) struct Task {
    address: (PathBuf, Uuid, String),
    commands: mpsc::Receiver<Command>,
    events: mpsc::Sender<ShimEvent>,
    gone: watch::Sender<bool>,
    shim: watch::Sender<Option<Identity>>,
    /// Set for a shim that may end before it was ever reached.
    pub transcript: Option<PathBuf>,
    started: bool,
    length: u64,
    outbox: Outbox,
    unacknowledged: VecDeque<(Uuid, Vec<u8>)>,
}

/// Events on their way.
#[derive(Default)]
struct Outbox {
    queue: VecDeque<ShimEvent>,
}

/// What the task woke for.
enum Wake {
    Ended,
    Command(Command),
    Released,
    Report(Option<Report>),
    Delivered,
}

/// What follows a conversation.
enum Next {
    /// The connection was cut.
    Reach,
    /// The shim has ended.
    End,
    /// Nobody is left who would talk to it.
    Release,
}

impl Task {
    pub fn new(
        address: (PathBuf, Uuid, String),
        commands: mpsc::Receiver<Command>,
        events: mpsc::Sender<ShimEvent>,
        (gone, shim): (watch::Sender<bool>, watch::Sender<Option<Identity>>),
    ) -> Self {
        Self {
            address,
            commands,
            events,
            gone,
            shim,
            transcript: None,
            started: false,
            length: 0,
            outbox: Outbox::default(),
            unacknowledged: VecDeque::new(),
        }
    }

    pub async fn run_started(self, child: Child) {
        if let Some(pid) = child.id() {
            self.shim.send_replace(Identity::of(pid).ok());
        }
        self.run(Life::Child(child), None).await;
    }

    pub async fn run_attached(self, connection: Connection) {
        let life = Life::Other(connection.shim);
        self.run(life, Some(connection)).await;
    }

    async fn run(mut self, mut life: Life, mut connection: Option<Connection>) {
        loop {
            let mut open = match connection.take() {
                Some(open) => open,
                None => match self.reach(&mut life).await {
                    Some(open) => open,
                    None => break,
                },
            };
            self.welcome(&open);
            if !self.repeat(&mut open).await {
                continue;
            }
            match self.converse(&mut life, &mut open).await {
                Next::Reach => {}
                Next::End => break,
                Next::Release => {
                    // Closed, so that the shim knows that it is alone.
                    drop(open);
                    if matches!(life, Life::Child(_)) {
                        life.ended().await;
                    }
                    break;
                }
            }
        }
        self.finish(life).await;
    }

    /// Connects while the shim lives; `None` when it has ended or stays out of reach.
    async fn reach(&mut self, life: &mut Life) -> Option<Connection> {
        let deadline = Instant::now() + REACH_TIME_MAX;
        let mut retry = RETRY_FIRST;
        loop {
            let (socket, process, secret) = &self.address;
            let opened = tokio::select! {
                biased;
                () = life.ended() => return None,
                opened = Connection::open(socket, *process, secret) => opened,
            };
            match opened {
                Ok(open) if life.is_of(open.shim) => return Some(open),
                // Another shim holds the process: ours is about to end because of it.
                Ok(_) if Instant::now() < deadline => {}
                Ok(_) => return None,
                Err(error) if Instant::now() >= deadline => {
                    tracing::warn!(%process, %error, "a live shim is out of reach");
                    return None;
                }
                Err(_) => {}
            }
            tokio::select! {
                biased;
                () = life.ended() => return None,
                () = sleep(retry) => retry = (retry * 2).min(RETRY_MAX),
            }
        }
    }

    fn welcome(&mut self, open: &Connection) {
        self.shim.send_replace(Some(open.shim));
        if !std::mem::replace(&mut self.started, true) {
            self.outbox.queue.push_back(ShimEvent::Started { agent: open.welcome.agent(), shim: open.shim });
        }
        self.grown(open.welcome.length);
    }

    /// Sends again what was not acknowledged before the connection was cut.
    async fn repeat(&mut self, open: &mut Connection) -> bool {
        for (_, line) in &self.unacknowledged {
            if open.send(line).await.is_err() {
                return false;
            }
        }
        true
    }

    async fn converse(&mut self, life: &mut Life, open: &mut Connection) -> Next {
        let mut released = false;
        loop {
            let accepts = !released && self.unacknowledged.len() < UNACKNOWLEDGED_MAX;
            let hears = self.outbox.queue.len() < 2 * UNACKNOWLEDGED_MAX;
            let wake = tokio::select! {
                biased;
                report = open.reports.next(), if hears => Wake::Report(report.ok().flatten()),
                () = life.ended(), if matches!(life, Life::Child(_)) => Wake::Ended,
                permit = self.events.reserve(), if !self.outbox.queue.is_empty() => {
                    let event = self.outbox.queue.pop_front();
                    if let (Ok(permit), Some(event)) = (permit, event) {
                        permit.send(event);
                    }
                    Wake::Delivered
                }
                command = self.commands.recv(), if accepts => {
                    command.map_or(Wake::Released, Wake::Command)
                }
                () = self.events.closed(), if released => Wake::Released,
            };
            match wake {
                Wake::Delivered => {}
                Wake::Ended => return Next::End,
                Wake::Released => released = true,
                Wake::Report(None) => return Next::Reach,
                Wake::Report(Some(report)) => self.take(report),
                Wake::Command(Command { id, line }) => {
                    let sent = open.send(&line).await;
                    if let Some(id) = id {
                        self.unacknowledged.push_back((id, line));
                    }
                    if sent.is_err() {
                        return Next::Reach;
                    }
                }
            }
            if released && self.events.is_closed() {
                return Next::Release;
            }
        }
    }

    fn take(&mut self, report: Report) {
        if let Some(length) = report.length {
            self.grown(length);
        }
        if let Some(id) = report.wrote {
            self.acknowledge(id, ShimEvent::Wrote(id));
        }
        if let Some(refused) = report.refused {
            let (id, reason) = (refused.id, refused.reason);
            self.acknowledge(id, ShimEvent::Refused { id, reason });
        }
        if let Some(error) = report.error {
            tracing::warn!(process = %self.address.1, error, "the shim did not understand us");
        }
    }

    /// The shim tells all its peers: only what this handle asked for is news here.
    fn acknowledge(&mut self, id: Uuid, event: ShimEvent) {
        let before = self.unacknowledged.len();
        self.unacknowledged.retain(|(waiting, _)| *waiting != id);
        if self.unacknowledged.len() < before {
            self.outbox.queue.push_back(event);
        }
    }

    fn grown(&mut self, length: u64) {
        if length <= self.length {
            return;
        }
        self.length = length;
        if let Some(ShimEvent::Length(last)) = self.outbox.queue.back_mut() {
            *last = length;
        } else {
            self.outbox.queue.push_back(ShimEvent::Length(length));
        }
    }

    async fn finish(mut self, mut life: Life) {
        if let Life::Child(child) = &mut life
            && !matches!(child.try_wait(), Ok(Some(_)))
        {
            // Out of reach, not ended: it stays ours to reap, whenever that is.
            tokio::spawn(async move { life.ended().await });
        }
        if let Some(path) = &self.transcript
            && let Ok(metadata) = tokio::fs::metadata(path).await
        {
            self.grown(metadata.len());
        }
        self.outbox.queue.push_back(ShimEvent::Gone);
        self.gone.send_replace(true);
        self.commands.close();
        for event in self.outbox.queue.drain(..) {
            if self.events.send(event).await.is_err() {
                return;
            }
        }
    }
}

impl Life {
    fn is_of(&self, shim: Identity) -> bool {
        match self {
            Self::Child(child) => child.id() == Some(shim.pid),
            Self::Other(identity) => *identity == shim,
        }
    }

    /// Returns when the shim has ended. May be cancelled.
    async fn ended(&mut self) {
        match self {
            // Reaps it; an error means that nothing is left to reap.
            Self::Child(child) => drop(child.wait().await),
            Self::Other(identity) => {
                while identity.is_alive() {
                    sleep_until(Instant::now() + LOOK_EVERY).await;
                }
            }
        }
    }
}
