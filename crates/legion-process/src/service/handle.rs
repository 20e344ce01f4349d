//! The handle on one shim.

use std::path::Path;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use uuid::Uuid;

use super::start::{self, ShimError};
use super::task::{self, AttachError, Command, Task};
use crate::linux::sweep::{SweepReport, open, sweep};
use crate::wire::message::{LINE_BYTES_MAX, Request, Stop, Write, line};
use crate::{Identity, ShimSpec};

/// Requests that may wait for the shim.
const COMMANDS_MAX: usize = 64;
/// Events that may wait for their reader; lengths are folded into one.
const EVENTS_MAX: usize = 64;
/// Inputs above this are too large for a line; give them as a file.
const INPUT_BYTES_MAX: usize = LINE_BYTES_MAX / 4 * 3 - 1024;
/// What a shim needs beyond the graces to end a tree and write it down.
const STOP_MARGIN: Duration = Duration::from_secs(15);
/// How long after its killing a shim may take to be gone.
const KILLED_TIME_MAX: Duration = Duration::from_secs(10);

/// One shim, as the service sees it. Dropping the handle lets go of the shim and does not end it.
#[derive(Clone, Debug)]
pub struct Shim {
    process: Uuid,
    commands: mpsc::Sender<Command>,
    gone: watch::Receiver<bool>,
    shim: watch::Receiver<Option<Identity>>,
}

/// What a shim has to say. What the program said is in the transcript.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShimEvent {
    /// The shim is reached and its program runs. A program that ends at once may never be
    /// seen this way; the transcript has it.
    Started { agent: Identity, shim: Identity },
    /// The transcript has grown to this length.
    Length(u64),
    /// The program's pipe took the input of this id.
    Wrote(Uuid),
    /// The input of this id will not be written.
    Refused { id: Uuid, reason: String },
    /// The shim has ended: the transcript is complete. The last event.
    Gone,
}

/// The events of one shim, in order.
#[derive(Debug)]
pub struct ShimEvents {
    pub(crate) receiver: mpsc::Receiver<ShimEvent>,
}

/// How a stop went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// The shim ended its program and wrote it down.
    ByShim,
    /// The shim did not answer and was killed; its tree was swept.
    ByForce(SweepReport),
}

impl Shim {
    /// Starts a shim (`program shim`) for `spec` and returns at once; everything else comes as
    /// events. Needs a tokio runtime, but may be called from any of its threads.
    ///
    /// # Errors
    /// When the shim itself cannot be started.
    pub fn start(program: &Path, spec: &ShimSpec) -> Result<(Self, ShimEvents), ShimError> {
        let mut child = start::spawn(program)?;
        let stdin = child.stdin.take().expect("asked for at the spawn");
        let (handle, events, mut task) = Self::parts(spec.process, &spec.socket, &spec.secret);
        task.transcript = Some(crate::transcript_path(&spec.dir));
        tokio::spawn(start::hand_over(stdin, spec.clone()));
        tokio::spawn(task.run_started(child));
        Ok((handle, events))
    }

    /// Finds the shim of `process` again after the service was away. Reaches it once before it
    /// returns; `Started` is the first event.
    ///
    /// # Errors
    /// When nobody listens at `socket`, or it is not this shim.
    pub async fn attach(socket: &Path, process: Uuid, secret: &str) -> Result<(Self, ShimEvents), AttachError> {
        let connection = task::attach(socket, process, secret).await?;
        let (handle, events, task) = Self::parts(process, socket, secret);
        tokio::spawn(task.run_attached(connection));
        Ok((handle, events))
    }

    fn parts(process: Uuid, socket: &Path, secret: &str) -> (Self, ShimEvents, Task) {
        let (commands, requests) = mpsc::channel(COMMANDS_MAX);
        let (events, receiver) = mpsc::channel(EVENTS_MAX);
        let (gone_sender, gone) = watch::channel(false);
        let (shim_sender, shim) = watch::channel(None);
        let handle = Self { process, commands, gone, shim };
        let task =
            Task::new((socket.to_owned(), process, secret.to_owned()), requests, events, (gone_sender, shim_sender));
        (handle, ShimEvents { receiver }, task)
    }

    pub fn process(&self) -> Uuid {
        self.process
    }

    /// Writes `bytes` to the program's standard input, once for each `id`, however often it is
    /// asked; closes it behind them if `close`. Returns when the request is on its way; `Wrote`
    /// or `Refused` tells its end.
    ///
    /// # Errors
    /// When the shim is gone, or the input does not fit a line (about 3 MiB; see
    /// [`Self::write_file`]).
    pub async fn write(&self, id: Uuid, bytes: &[u8], close: bool) -> Result<(), ShimError> {
        use base64::Engine as _;
        if bytes.len() > INPUT_BYTES_MAX {
            let limit = INPUT_BYTES_MAX;
            return Err(ShimError::InputTooLarge { limit });
        }
        let data = base64::engine::general_purpose::STANDARD.encode(bytes);
        self.send_write(Write { id, data: Some(data), close, ..Write::default() }).await
    }

    /// As [`Self::write`], with the bytes of a file that the shim reads; at most 16 MiB.
    ///
    /// # Errors
    /// When the shim is gone.
    pub async fn write_file(&self, id: Uuid, file: &Path, close: bool) -> Result<(), ShimError> {
        self.send_write(Write { id, file: Some(file.to_owned()), close, ..Write::default() }).await
    }

    /// Sends the program (alone) the interrupt signal.
    ///
    /// # Errors
    /// When the shim is gone.
    pub async fn signal_interrupt(&self) -> Result<(), ShimError> {
        let request = Request { signal: Some("int".to_owned()), ..Request::default() };
        self.send(None, &request).await
    }

    /// Closes the program's standard input once all inputs are written.
    ///
    /// # Errors
    /// When the shim is gone.
    pub async fn close_stdin(&self) -> Result<(), ShimError> {
        let request = Request { close_stdin: Some(true), ..Request::default() };
        self.send(None, &request).await
    }

    /// Asks for the stop ladder: SIGINT to the program if `interrupt`, after the grace SIGTERM
    /// to its group, after the grace SIGKILL to the whole tree. `Gone` tells the end; see
    /// [`Self::stop_and_wait`] for one that is sure to come.
    ///
    /// # Errors
    /// When the shim is gone.
    pub async fn stop(&self, grace: Duration, interrupt: bool) -> Result<(), ShimError> {
        let grace_ms = u64::try_from(grace.as_millis()).unwrap_or(u64::MAX);
        let stop = Stop { grace_ms, interrupt };
        let request = Request { stop: Some(stop), ..Request::default() };
        self.send(None, &request).await
    }

    /// As [`Self::stop`], and returns when the shim is gone. A shim that does not manage it in
    /// twice the grace and 15 seconds is killed, with everything of its tree.
    pub async fn stop_and_wait(&self, grace: Duration, interrupt: bool) -> Stopped {
        let limit = grace.saturating_mul(2).saturating_add(STOP_MARGIN);
        let orderly = async {
            // An error means that it is gone already.
            let _ = self.stop(grace, interrupt).await;
            self.wait_gone().await;
        };
        if timeout(limit, orderly).await.is_ok() {
            return Stopped::ByShim;
        }
        let shim = *self.shim.borrow();
        let process = self.process;
        let force = move || {
            // The handle first, the check second: the pid may not pass on between them.
            let pidfd = shim.and_then(|shim| Some((open(shim.pid)?, shim)));
            if let Some((pidfd, shim)) = pidfd
                && shim.is_alive()
            {
                // Gone in between: that was the aim.
                let _ = rustix::process::pidfd_send_signal(pidfd, rustix::process::Signal::KILL);
            }
            sweep(process)
        };
        let report = tokio::task::spawn_blocking(force).await.unwrap_or_default();
        if timeout(KILLED_TIME_MAX, self.wait_gone()).await.is_err() {
            tracing::warn!(%process, "a killed shim is still there");
        }
        Stopped::ByForce(report)
    }

    /// Returns when the shim is gone.
    pub async fn wait_gone(&self) {
        let mut gone = self.gone.clone();
        // An error means that the task is gone, and so is the shim.
        let _ = gone.wait_for(|gone| *gone).await;
    }

    async fn send_write(&self, write: Write) -> Result<(), ShimError> {
        let id = write.id;
        let request = Request { write: Some(write), ..Request::default() };
        self.send(Some(id), &request).await
    }

    async fn send(&self, id: Option<Uuid>, request: &Request) -> Result<(), ShimError> {
        let line = line(request);
        let sent = self.commands.send(Command { id, line }).await;
        sent.map_err(|_| ShimError::Gone)
    }
}

impl ShimEvents {
    /// Returns the next event; `None` after `Gone`. May be cancelled.
    pub async fn next(&mut self) -> Option<ShimEvent> {
        self.receiver.recv().await
    }
}
