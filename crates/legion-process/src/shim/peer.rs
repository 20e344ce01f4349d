//! One connection to the shim. It is never waited for: who sends garbage, floods, or does not
//! read is dropped, and may come back.

use std::io::{self, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use crate::wire::message::{HELLO_BYTES_MAX, LINE_BYTES_MAX, Report, line};

/// Answers that may wait for a peer to read them.
const OUTGOING_BYTES_MAX: usize = 64 * 1024;
/// How long a peer may take to say hello.
const HELLO_TIME_MAX: Duration = Duration::from_secs(5);
/// How long a peer may read nothing while something waits for it.
const STALL_TIME_MAX: Duration = Duration::from_secs(30);
const READ_BYTES: usize = 16 * 1024;
/// The most that is taken from one peer before the others get their turn.
const TURN_BYTES_MAX: usize = 256 * 1024;

/// One connection.
#[derive(Debug)]
pub(super) struct Peer {
    pub stream: UnixStream,
    /// Whether it has shown the secret.
    pub greeted: bool,
    pub dead: bool,
    incoming: Vec<u8>,
    outgoing: Vec<u8>,
    announced: u64,
    /// When it connected, or last took something.
    progress_at: Instant,
}

impl Peer {
    pub fn new(stream: UnixStream, now: Instant) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(Self {
            stream,
            greeted: false,
            dead: false,
            incoming: Vec::new(),
            outgoing: Vec::new(),
            announced: 0,
            progress_at: now,
        })
    }

    /// Reads what is there and returns the whole lines of it.
    pub fn receive(&mut self) -> Vec<Vec<u8>> {
        let mut buffer = [0; READ_BYTES];
        let mut taken = 0;
        while taken < TURN_BYTES_MAX {
            match self.stream.read(&mut buffer) {
                Ok(0) => {
                    self.dead = true;
                    break;
                }
                Ok(count) => {
                    taken += count;
                    self.incoming.extend_from_slice(&buffer[..count]);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(_) => {
                    self.dead = true;
                    break;
                }
            }
        }
        let mut lines = Vec::new();
        let mut begin = 0;
        while let Some(length) = self.incoming[begin..].iter().position(|&byte| byte == b'\n') {
            lines.push(self.incoming[begin..begin + length].to_vec());
            begin += length + 1;
        }
        self.incoming.drain(..begin);
        let line_max = if self.greeted { LINE_BYTES_MAX } else { HELLO_BYTES_MAX };
        if self.incoming.len() > line_max {
            self.dead = true;
        }
        if self.incoming.is_empty() {
            self.incoming = Vec::new();
        }
        lines
    }

    /// Sends a line, as far as the peer takes it now.
    pub fn send(&mut self, line: &[u8]) {
        if self.outgoing.len() + line.len() > OUTGOING_BYTES_MAX {
            self.dead = true;
            return;
        }
        if self.outgoing.is_empty() {
            self.progress_at = Instant::now();
        }
        self.outgoing.extend_from_slice(line);
        self.flush();
    }

    /// The hello told this length.
    pub fn knows(&mut self, length: u64) {
        self.announced = length;
    }

    /// Tells the transcript's length, if it is news and the peer has taken the last news.
    pub fn announce(&mut self, length: u64) {
        if self.greeted && self.outgoing.is_empty() && length > self.announced {
            self.announced = length;
            self.send(&line(&Report { length: Some(length), ..Report::default() }));
        }
    }

    pub fn flush(&mut self) {
        while !self.outgoing.is_empty() {
            match self.stream.write(&self.outgoing) {
                Ok(count) if count > 0 => {
                    self.outgoing.drain(..count);
                    self.progress_at = Instant::now();
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                _ => {
                    self.dead = true;
                    return;
                }
            }
        }
    }

    pub fn wants_to_write(&self) -> bool {
        !self.outgoing.is_empty()
    }

    /// When it is given up; `None` while it owes nothing.
    pub fn expires_at(&self) -> Option<Instant> {
        if !self.greeted {
            return Some(self.progress_at + HELLO_TIME_MAX);
        }
        self.wants_to_write().then(|| self.progress_at + STALL_TIME_MAX)
    }

    /// From now on it owes something.
    pub fn greet(&mut self, now: Instant) {
        self.greeted = true;
        self.progress_at = now;
    }
}
