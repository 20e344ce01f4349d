//! One connection of the service to a shim, hello done and identity proved.

use std::io;
use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::timeout;
use uuid::Uuid;

use crate::identity::Identity;
use crate::linux::proc;
use crate::wire::message::{Hello, PROTOCOL_VERSION, Report, Welcome, line};

/// How long a hello may take: the shim answers at once unless it is killing a tree.
const HELLO_TIME_MAX: Duration = Duration::from_secs(15);
/// How long the shim may take nothing from us.
const SEND_TIME_MAX: Duration = Duration::from_secs(15);
/// The longest line that a shim sends.
const LINE_BYTES_MAX: u64 = 64 * 1024;

/// Why a shim was not reached.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    /// Nobody listens (yet, or any more).
    #[error("nobody listens")]
    Unreachable(#[source] io::Error),
    /// Somebody does, but it is not the shim that was meant.
    #[error("{0}")]
    Wrong(String),
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Connection {
    pub welcome: Welcome,
    pub shim: Identity,
    pub reports: Reports,
    writer: OwnedWriteHalf,
}

/// The shim's lines.
#[derive(Debug)]
pub(crate) struct Reports {
    reader: BufReader<OwnedReadHalf>,
    line: Vec<u8>,
}

impl Connection {
    pub async fn open(socket: &Path, process: Uuid, secret: &str) -> Result<Self, ConnectError> {
        let open = Self::open_unbounded(socket, process, secret);
        timeout(HELLO_TIME_MAX, open)
            .await
            .unwrap_or_else(|_| Err(ConnectError::Unreachable(io::ErrorKind::TimedOut.into())))
    }

    async fn open_unbounded(socket: &Path, process: Uuid, secret: &str) -> Result<Self, ConnectError> {
        let stream = UnixStream::connect(socket).await;
        let stream = stream.map_err(ConnectError::Unreachable)?;
        let peer_pid = stream.peer_cred().ok().and_then(|peer| peer.pid());
        let (reader, mut writer) = stream.into_split();
        let hello = Hello { legion_shim: PROTOCOL_VERSION, process, secret: secret.to_owned() };
        let said = writer.write_all(&line(&hello)).await;
        said.map_err(ConnectError::Unreachable)?;
        let mut reports = Reports { reader: BufReader::new(reader), line: Vec::new() };
        let wrong = |reason: &str| ConnectError::Wrong(reason.to_owned());
        let text = reports.next_line().await;
        // A shim that is just ending closes like one that refuses us: only the caller can tell.
        let Some(text) = text.map_err(ConnectError::Unreachable)? else {
            return Err(wrong("it closed the connection at our hello"));
        };
        let welcome: Welcome = serde_json::from_slice(&text).map_err(|_| wrong("its hello is no shim's"))?;
        if welcome.process != process {
            return Err(wrong("it holds another process"));
        }
        if proc::boot_id().ok() != Some(welcome.boot_id) {
            return Err(wrong("it is of another boot"));
        }
        let speaks = peer_pid.and_then(|pid| u32::try_from(pid).ok());
        if speaks.is_some_and(|pid| pid != welcome.shim_pid) {
            return Err(wrong("its pid is not the one it says"));
        }
        let shim = Identity::of(welcome.shim_pid).map_err(ConnectError::Unreachable)?;
        Ok(Self { welcome, shim, reports, writer })
    }

    /// Sends one line. Not to be cancelled: half a line would be garbage.
    pub async fn send(&mut self, line: &[u8]) -> io::Result<()> {
        let sent = timeout(SEND_TIME_MAX, self.writer.write_all(line)).await;
        sent.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl Reports {
    /// Returns the next report, or `None` at the end. May be cancelled: what was read is kept.
    pub async fn next(&mut self) -> io::Result<Option<Report>> {
        let Some(text) = self.next_line().await? else {
            return Ok(None);
        };
        serde_json::from_slice(&text).map(Some).map_err(io::Error::other)
    }

    async fn next_line(&mut self) -> io::Result<Option<Vec<u8>>> {
        let room = LINE_BYTES_MAX.saturating_sub(self.line.len() as u64);
        let mut bounded = (&mut self.reader).take(room);
        // Cancelled in the middle, the bytes read so far stay in `self.line`.
        bounded.read_until(b'\n', &mut self.line).await?;
        if self.line.pop_if(|last| *last == b'\n').is_some() {
            return Ok(Some(std::mem::take(&mut self.line)));
        }
        if self.line.len() as u64 >= LINE_BYTES_MAX {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(None)
    }
}
