//! The first frame of a stream: until it is known, the client has seen nothing and another upstream can be asked.

use crate::dialect::Dialect;
use crate::error::{Class, UpstreamError, parse};
use crate::sse::Splitter;
use crate::translate::dialects;
use crate::usage::Seen;

/// Bytes that are looked at before the first meaningful frame. A provider that sends more pings than this is answering.
const PEEKED_BYTES_MAX: usize = 256 * 1024;

/// Events of Responses that come before the model is asked: an error may still be the first thing said.
const ANNOUNCEMENTS: &[&str] = &["response.created", "response.in_progress", "response.queued"];

/// What is known of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing but comments and pings so far.
    Waiting,
    /// The answer has begun: forward what was held back, and from now on everything.
    Content,
    /// The first frame is an error.
    Failed(UpstreamError),
    /// The stream ended without an answer.
    Empty,
}

/// Looks at the beginning of a stream without holding it.
#[derive(Debug)]
pub struct Peek {
    dialect: Dialect,
    splitter: Splitter,
    begun: Vec<u8>,
    verdict: Verdict,
}

impl Peek {
    pub fn new(dialect: Dialect) -> Self {
        Self { dialect, splitter: Splitter::default(), begun: Vec::new(), verdict: Verdict::Waiting }
    }

    /// Takes the next bytes. Once it is anything but [`Verdict::Waiting`] the verdict stays.
    pub fn push(&mut self, bytes: &[u8]) -> Verdict {
        if self.verdict != Verdict::Waiting {
            return self.verdict.clone();
        }
        self.begun.extend_from_slice(bytes);
        self.splitter.push(bytes);
        loop {
            match self.splitter.next() {
                None => break,
                Some(Err(_)) => self.verdict = Verdict::Content,
                Some(Ok(event)) => {
                    let (name, data) = (event.name, event.data);
                    self.look(&name, &data);
                }
            }
            if self.verdict != Verdict::Waiting {
                self.begun = Vec::new();
                return self.verdict.clone();
            }
        }
        if self.begun.len() > PEEKED_BYTES_MAX {
            self.verdict = Verdict::Content;
        }
        self.verdict.clone()
    }

    /// The stream has ended.
    pub fn finish(&mut self) -> Verdict {
        if self.verdict != Verdict::Waiting {
            return self.verdict.clone();
        }
        if let Some(Ok(event)) = self.splitter.finish() {
            let (name, data) = (event.name, event.data);
            self.look(&name, &data);
        }
        if self.verdict == Verdict::Waiting {
            // Some answer a stream with a plain body.
            self.verdict = match parse(&self.begun) {
                Some(error) => Verdict::Failed(error),
                None => Verdict::Empty,
            };
        }
        self.verdict.clone()
    }

    fn look(&mut self, name: &str, data: &str) {
        let data = data.trim();
        if data.is_empty() || data == "[DONE]" || name == "ping" || data.contains("\"type\":\"ping\"") {
            return;
        }
        if self.dialect == Dialect::Responses && ANNOUNCEMENTS.contains(&name) {
            return;
        }
        let mut seen = Seen::default();
        dialects::note(self.dialect, name, data, &mut seen);
        // An overload may be told in the other dialects' words.
        self.verdict = match seen.error.or_else(|| parse(data.as_bytes())) {
            Some(error) => Verdict::Failed(error),
            None if data.starts_with('{') => Verdict::Content,
            None => Verdict::Failed(UpstreamError::new(Class::Server, "the provider's first frame is no JSON")),
        };
    }
}
