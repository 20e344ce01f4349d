//! Output as lines, each exactly once, across restarts of the reader.

use std::collections::VecDeque;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::frame::{Content, Frame};
use super::reader::{ReadError, TranscriptReader};

/// A longer line is cut here; what was cut is counted.
pub const LINE_BYTES_MAX: usize = 64 * 1024;

/// Where a follower stands: everything before it was yielded, nothing behind it was.
///
/// Frames and lines do not end together, so the place is a frame and what to skip from there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The first frame that is needed again. Never goes back.
    pub offset: u64,
    /// Bytes of standard output, from `offset` on, that were yielded already.
    pub stdout_skip: u64,
    /// As `stdout_skip`.
    pub stderr_skip: u64,
    /// Frames other than output, from `offset` on, that were yielded already.
    pub others_skip: u64,
}

/// Which of the two pipes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutputStream {
    Stdout,
    Stderr,
}

/// One line of output, without its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputLine {
    pub stream: OutputStream,
    /// When the end of the line was read, milliseconds since 1970.
    pub at_ms: u64,
    /// As written: any bytes; at most the follower's limit.
    pub bytes: Vec<u8>,
    /// Bytes left out behind `bytes`.
    pub cut_bytes: u64,
    /// False for the last piece of a stream that ended without a newline.
    pub ended: bool,
}

impl OutputLine {
    /// Returns the line for a person, with a mark where it was cut.
    pub fn text(&self) -> String {
        let mut text = String::from_utf8_lossy(&self.bytes).into_owned();
        if self.cut_bytes > 0 {
            text.push_str(&format!(" … [{} bytes cut]", self.cut_bytes));
        }
        text
    }
}

/// What a follower yields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    Line(OutputLine),
    /// Any frame that is not output.
    Frame(Frame),
}

/// Yields the lines and the other frames of one transcript in order.
/// Memory: one frame and two lines.
#[derive(Debug)]
pub struct LineFollower {
    reader: TranscriptReader,
    splitter: Splitter,
}

impl LineFollower {
    /// Opens the transcript at `path`, from `position` on; the default position is its start.
    /// `line_bytes_max` bounds a line: a driver's protocol may need more than
    /// [`LINE_BYTES_MAX`].
    ///
    /// # Errors
    /// As [`TranscriptReader::open`].
    pub fn open(path: &Path, position: Position, line_bytes_max: usize) -> Result<Self, ReadError> {
        Ok(Self {
            reader: TranscriptReader::open(path, position.offset)?,
            splitter: Splitter::new(position, line_bytes_max),
        })
    }

    /// Returns the next entry and the position behind it, or `None` when there is none yet.
    ///
    /// # Errors
    /// As [`TranscriptReader::next_frame`].
    pub fn next_entry(&mut self) -> Result<Option<(Position, Entry)>, ReadError> {
        loop {
            if let Some(found) = self.splitter.ready.pop_front() {
                return Ok(Some(found));
            }
            let begin = self.reader.offset();
            let Some((end, frame)) = self.reader.next_frame()? else {
                return Ok(None);
            };
            self.splitter.take(begin, end, frame);
        }
    }

    /// Bytes of both streams that were read so far, with the ends of lines and what was cut.
    pub fn output_bytes(&self) -> u64 {
        self.splitter.streams.iter().map(|stream| stream.read).sum()
    }

    /// Returns what the streams hold without a newline: for a process whose shim was killed and
    /// which therefore has no last frame.
    pub fn finish(mut self) -> Vec<(Position, Entry)> {
        let end = self.reader.offset();
        self.splitter.flush(end, 0);
        self.splitter.ready.into_iter().collect()
    }
}

/// Where a frame begins, and what had been read before it.
#[derive(Clone, Copy, Debug)]
struct Anchor {
    offset: u64,
    bytes: [u64; 2],
    others: u64,
}

/// One of the two streams. Counts are bytes since the follower was opened.
#[derive(Debug, Default)]
struct Stream {
    read: u64,
    yielded: u64,
    skip: u64,
    line: Vec<u8>,
    cut_bytes: u64,
    /// The frame in which the unfinished line began.
    anchor: Option<Anchor>,
}

/// Cuts frames into lines and keeps the books of positions.
#[derive(Debug)]
struct Splitter {
    line_bytes_max: usize,
    streams: [Stream; 2],
    others: u64,
    others_skip: u64,
    ready: VecDeque<(Position, Entry)>,
}

impl Splitter {
    fn new(position: Position, line_bytes_max: usize) -> Self {
        let skipping = |skip| Stream { skip, ..Stream::default() };
        Self {
            line_bytes_max,
            streams: [skipping(position.stdout_skip), skipping(position.stderr_skip)],
            others: 0,
            others_skip: position.others_skip,
            ready: VecDeque::new(),
        }
    }

    fn take(&mut self, begin: u64, end: u64, frame: Frame) {
        let anchor = self.anchor_at(begin);
        match &frame.content {
            Content::Stdout(bytes) => self.split(OutputStream::Stdout, anchor, frame.at_ms, bytes),
            Content::Stderr(bytes) => self.split(OutputStream::Stderr, anchor, frame.at_ms, bytes),
            Content::Failed(_) | Content::Exited(_) => {
                self.flush(begin, frame.at_ms);
                self.other(anchor, frame);
            }
            _ => self.other(anchor, frame),
        }
        let idle = self.streams.iter().all(|stream| stream.anchor.is_none());
        if idle && let Some((position, _)) = self.ready.back_mut() {
            *position = Position { offset: end, ..Position::default() };
        }
    }

    fn split(&mut self, which: OutputStream, anchor: Anchor, at_ms: u64, mut bytes: &[u8]) {
        let index = which as usize;
        let stream = &mut self.streams[index];
        let skipped = usize::try_from(stream.skip).map_or(bytes.len(), |skip| skip.min(bytes.len()));
        stream.skip -= skipped as u64;
        stream.read += skipped as u64;
        if skipped > 0 {
            stream.yielded = stream.read;
        }
        bytes = &bytes[skipped..];
        while let Some(length) = bytes.iter().position(|&byte| byte == b'\n') {
            let stream = &mut self.streams[index];
            stream.extend(&bytes[..length], self.line_bytes_max);
            stream.read += length as u64 + 1;
            bytes = &bytes[length + 1..];
            self.end_line(which, anchor, at_ms, true);
        }
        if !bytes.is_empty() {
            let stream = &mut self.streams[index];
            stream.extend(bytes, self.line_bytes_max);
            stream.read += bytes.len() as u64;
            stream.anchor.get_or_insert(anchor);
        }
    }

    fn other(&mut self, anchor: Anchor, frame: Frame) {
        self.others += 1;
        if self.others_skip > 0 {
            self.others_skip -= 1;
        } else {
            let position = self.position(anchor);
            self.ready.push_back((position, Entry::Frame(frame)));
        }
    }

    /// Yields what has no newline.
    fn flush(&mut self, offset: u64, at_ms: u64) {
        for which in [OutputStream::Stdout, OutputStream::Stderr] {
            if self.streams[which as usize].anchor.is_some() {
                let anchor = self.anchor_at(offset);
                self.end_line(which, anchor, at_ms, false);
            }
        }
    }

    fn end_line(&mut self, which: OutputStream, current: Anchor, at_ms: u64, ended: bool) {
        let stream = &mut self.streams[which as usize];
        let line = OutputLine {
            stream: which,
            at_ms,
            bytes: std::mem::take(&mut stream.line),
            cut_bytes: std::mem::take(&mut stream.cut_bytes),
            ended,
        };
        stream.yielded = stream.read;
        stream.anchor = None;
        let position = self.position(current);
        self.ready.push_back((position, Entry::Line(line)));
    }

    fn anchor_at(&self, offset: u64) -> Anchor {
        Anchor { offset, bytes: [self.streams[0].read, self.streams[1].read], others: self.others }
    }

    fn position(&self, current: Anchor) -> Position {
        let oldest = self
            .streams
            .iter()
            .filter_map(|stream| stream.anchor)
            .min_by_key(|anchor| anchor.offset)
            .unwrap_or(current);
        Position {
            offset: oldest.offset,
            stdout_skip: self.streams[0].yielded - oldest.bytes[0],
            stderr_skip: self.streams[1].yielded - oldest.bytes[1],
            others_skip: self.others - oldest.others,
        }
    }
}

impl Stream {
    fn extend(&mut self, bytes: &[u8], line_bytes_max: usize) {
        let room = line_bytes_max.saturating_sub(self.line.len());
        let kept = bytes.len().min(room);
        self.line.extend_from_slice(&bytes[..kept]);
        self.cut_bytes += (bytes.len() - kept) as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(content: Content) -> Vec<u8> {
        let mut bytes = Vec::new();
        Frame { at_ms: 1, content }.encode(&mut bytes);
        bytes
    }

    fn all(path: &Path, mut position: Position, at_most: usize) -> (Position, Vec<Entry>) {
        let mut follower = LineFollower::open(path, position, LINE_BYTES_MAX).unwrap();
        let mut entries = Vec::new();
        while entries.len() < at_most
            && let Some((next, entry)) = follower.next_entry().unwrap()
        {
            assert!(next.offset >= position.offset, "a position never goes back");
            position = next;
            entries.push(entry);
        }
        (position, entries)
    }

    /// Whatever entry a reader stops behind, and however often, it sees each exactly once.
    #[test]
    fn a_reader_that_restarts_behind_any_entry_sees_each_entry_once() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("transcript");
        let mut bytes = Vec::new();
        for content in [
            Content::Stdout(b"one\ntw".to_vec()),
            Content::Stderr(b"error\nanother\nopen".to_vec()),
            Content::Written(uuid::Uuid::nil()),
            Content::Stdout(b"".to_vec()),
            Content::Stderr(b" closed\nagain".to_vec()),
            Content::Written(uuid::Uuid::max()),
            Content::Stdout(b"o\n\n\nthree".to_vec()),
            Content::Unknown { kind: 99 },
            Content::Stdout(b"\nfour\n".to_vec()),
            Content::Failed(super::super::frame::Failure {
                kind: super::super::frame::FailureKind::Other,
                message: "x".into(),
            }),
        ] {
            bytes.extend(frame(content));
        }
        std::fs::write(&path, &bytes).unwrap();
        let (end, whole) = all(&path, Position::default(), usize::MAX);
        assert_eq!(whole.len(), 14, "{whole:?}");
        assert_eq!(end.offset, bytes.len() as u64);
        for step in 1..whole.len() {
            let mut position = Position::default();
            let mut seen = Vec::new();
            loop {
                let (next, entries) = all(&path, position, step);
                if entries.is_empty() {
                    break;
                }
                seen.extend(entries);
                position = next;
            }
            assert_eq!(seen, whole, "in steps of {step}");
        }
    }

    #[test]
    fn a_long_line_is_cut_and_says_so() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("transcript");
        let mut bytes = Vec::new();
        for _ in 0..3 {
            bytes.extend(frame(Content::Stdout(vec![b'x'; 50_000])));
        }
        bytes.extend(frame(Content::Stdout(b"\nnext\n".to_vec())));
        std::fs::write(&path, &bytes).unwrap();
        let (_, entries) = all(&path, Position::default(), usize::MAX);
        let Entry::Line(line) = &entries[0] else { panic!("{entries:?}") };
        assert_eq!(line.bytes.len(), LINE_BYTES_MAX);
        assert_eq!(line.cut_bytes, 150_000 - LINE_BYTES_MAX as u64);
        assert!(line.text().ends_with("bytes cut]"));
        assert_eq!(entries.len(), 2);
    }
}
