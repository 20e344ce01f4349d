//! Cuts a stream of bytes into events.

/// The default bound of one event. Answers carry whole images in one event; more than this is a mistake or an attack.
pub const EVENT_BYTES_MAX: usize = 16 * 1024 * 1024;
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event<'s> {
    /// The name in its `event:` line; empty when it has none.
    pub name: String,
    /// Its `data:` lines, joined by line feeds; empty for comments and pings without data.
    pub data: String,
    /// The bytes as they came, with the empty line that ends the event. All of them together are the stream.
    pub raw: &'s [u8],
}

/// An event over the bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event of the stream is larger than {bytes_max} bytes")]
pub struct TooLarge {
    pub bytes_max: usize,
}

/// Cuts a stream into events. Takes line ends of every kind, pieces cut anywhere, also within a letter; keeps the bytes.
/// Memory is bounded by the bound of one event and the largest piece.
#[derive(Debug)]
pub struct Splitter {
    buffer: Vec<u8>,
    /// Where the event that is being read begins.
    start: usize,
    /// Where its current line begins.
    line: usize,
    /// How far was looked for line ends.
    scanned: usize,
    /// The last line ended with a carriage return at the end of what was there: a line feed after it belongs to it.
    after_return: bool,
    at_first_line: bool,
    lines: Lines,
    bytes_max: usize,
    failed: bool,
}

/// What the lines of an event said so far.
#[derive(Debug, Default)]
struct Lines {
    name: Vec<u8>,
    data: Vec<u8>,
    has_data: bool,
    is_begun: bool,
}

impl Default for Splitter {
    fn default() -> Self {
        Self::with_bound(EVENT_BYTES_MAX)
    }
}

impl Splitter {
    pub fn with_bound(bytes_max: usize) -> Self {
        Self {
            buffer: Vec::new(),
            start: 0,
            line: 0,
            scanned: 0,
            after_return: false,
            at_first_line: true,
            lines: Lines::default(),
            bytes_max,
            failed: false,
        }
    }

    /// Takes the next piece. Follow with [`Splitter::next`] until it gives nothing.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.failed {
            return;
        }
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.line -= self.start;
            self.scanned -= self.start;
            self.start = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole event. After an error nothing more comes.
    #[expect(clippy::should_implement_trait, reason = "an event borrows the splitter, which no iterator allows")]
    pub fn next(&mut self) -> Option<Result<Event<'_>, TooLarge>> {
        if self.failed {
            return None;
        }
        while let Some(offset) = memchr::memchr2(b'\n', b'\r', &self.buffer[self.scanned..]) {
            let end = self.scanned + offset;
            let is_feed = self.buffer[end] == b'\n';
            self.scanned = end + 1;
            if is_feed && std::mem::take(&mut self.after_return) && end == self.line {
                // The second half of a line end; the line was read already.
                self.line = self.scanned;
                continue;
            }
            self.after_return = !is_feed;
            if self.end_line(end) {
                let (begin, end) = (self.start, self.scanned);
                self.start = self.scanned;
                return Some(self.take_event(begin, end));
            }
        }
        self.scanned = self.buffer.len();
        if self.buffer.len() - self.start > self.bytes_max {
            return Some(Err(self.fail()));
        }
        None
    }

    /// The stream has ended: an event without its empty line, if there is one.
    pub fn finish(&mut self) -> Option<Result<Event<'_>, TooLarge>> {
        if self.failed || self.start == self.buffer.len() {
            return None;
        }
        if self.line < self.buffer.len() {
            self.end_line(self.buffer.len());
        }
        let (begin, end) = (self.start, self.buffer.len());
        (self.start, self.line, self.scanned) = (end, end, end);
        Some(self.take_event(begin, end))
    }

    /// Reads the line that ends here; true when it is empty and ends an event.
    fn end_line(&mut self, end: usize) -> bool {
        let mut line = &self.buffer[self.line..end];
        if std::mem::take(&mut self.at_first_line) {
            line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
        }
        let is_empty = line.is_empty();
        if !is_empty {
            self.lines.read(line);
        }
        self.line = self.scanned.max(end);
        is_empty && self.lines.is_begun
    }

    fn take_event(&mut self, begin: usize, end: usize) -> Result<Event<'_>, TooLarge> {
        if end - begin > self.bytes_max {
            return Err(self.fail());
        }
        let lines = std::mem::take(&mut self.lines);
        Ok(Event { name: owned(lines.name), data: owned(lines.data), raw: &self.buffer[begin..end] })
    }

    fn fail(&mut self) -> TooLarge {
        self.failed = true;
        self.buffer = Vec::new();
        TooLarge { bytes_max: self.bytes_max }
    }
}

impl Lines {
    fn read(&mut self, line: &[u8]) {
        self.is_begun = true;
        let (field, value) = match line.iter().position(|byte| *byte == b':') {
            Some(at) => (&line[..at], &line[at + 1..]),
            None => (line, &[][..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"event" => self.name = value.to_vec(),
            b"data" => {
                if std::mem::replace(&mut self.has_data, true) {
                    self.data.push(b'\n');
                }
                self.data.extend_from_slice(value);
            }
            // A comment, an id, a retry time, or something unknown.
            _ => {}
        }
    }
}

/// Bytes as text; what is no UTF-8 is replaced.
fn owned(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}
