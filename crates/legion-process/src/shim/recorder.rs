//! Writes the transcript. Nothing is ever dropped: while the disk takes nothing, the rest of a
//! frame waits here, and the caller reads no more from the program.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::transcript::frame::{CHUNK_BYTES_MAX, encode_chunk};
use crate::transcript::reader::{ReadError, TranscriptReader};
use crate::{Content, Frame};

const RETRY_FIRST: Duration = Duration::from_millis(50);
const RETRY_MAX: Duration = Duration::from_secs(2);

/// The end of one transcript.
#[derive(Debug)]
pub(super) struct Recorder {
    file: File,
    /// Bytes up to the end of the last frame that is whole in the file.
    length: u64,
    /// What the file has not taken yet.
    pending: Vec<u8>,
    /// Bytes of `pending`, and of the frame it belongs to, that come on top of `length`.
    pending_frames: u64,
    retry: Duration,
    retry_at: Instant,
}

impl Recorder {
    /// Opens the transcript and cuts off what a killed shim left unfinished. Returns whether it
    /// already holds frames.
    pub fn open(path: &Path) -> Result<(Self, bool), ReadError> {
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
        let length = TranscriptReader::open(path, 0)?.skip_to_end()?;
        file.set_len(length)?;
        let recorder =
            Self { file, length, pending: Vec::new(), pending_frames: 0, retry: RETRY_FIRST, retry_at: Instant::now() };
        Ok((recorder, length > 0))
    }

    /// Bytes of whole frames.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Whether the disk is behind: then nothing more may be read from the program.
    pub fn is_blocked(&self) -> bool {
        !self.pending.is_empty()
    }

    /// When to call [`Self::retry`]; only while blocked.
    pub fn retry_at(&self) -> Option<Instant> {
        self.is_blocked().then_some(self.retry_at)
    }

    /// Records what happened now. Control frames may come while blocked; they are few and small.
    pub fn record(&mut self, content: Content) {
        let frame = Frame { at_ms: now_ms(), content };
        let mut bytes = Vec::new();
        frame.encode(&mut bytes);
        self.append(&bytes);
    }

    /// Records a chunk of output. Only while not blocked.
    pub fn record_chunk(&mut self, kind: u8, chunk: &[u8], scratch: &mut Vec<u8>) {
        debug_assert!(chunk.len() <= CHUNK_BYTES_MAX, "the read buffer is that large");
        scratch.clear();
        encode_chunk(kind, now_ms(), chunk, scratch);
        self.append(scratch);
    }

    /// Tries again to write what waits, if it is time.
    pub fn retry(&mut self, now: Instant) {
        if !self.is_blocked() || now < self.retry_at {
            return;
        }
        match self.file.write(&self.pending) {
            Ok(count) if count > 0 => {
                self.pending.drain(..count);
                self.retry = RETRY_FIRST;
                if self.pending.is_empty() {
                    self.pending.shrink_to_fit();
                    self.length += std::mem::take(&mut self.pending_frames);
                }
            }
            _ => self.retry = (self.retry * 2).min(RETRY_MAX),
        }
        if self.file.metadata().is_ok_and(|metadata| metadata.nlink() == 0) {
            // Somebody removed the transcript: there is no reader left to keep anything for.
            self.pending = Vec::new();
        }
        self.retry_at = now + self.retry;
    }

    fn append(&mut self, frame: &[u8]) {
        let length = frame.len() as u64;
        if self.is_blocked() {
            self.pending.extend_from_slice(frame);
            self.pending_frames += length;
            return;
        }
        let written = loop {
            match self.file.write(frame) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => break result.unwrap_or(0),
            }
        };
        if written == frame.len() {
            self.length += length;
            return;
        }
        self.pending.extend_from_slice(&frame[written..]);
        self.pending_frames = length;
        self.retry = RETRY_FIRST;
        self.retry_at = Instant::now() + self.retry;
    }
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
