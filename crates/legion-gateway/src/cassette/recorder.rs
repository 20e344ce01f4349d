//! One call while it is recorded.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use legion_runtime::Clock;
use tokio::sync::mpsc::Sender;

use crate::cassette::deck::Question;
use crate::cassette::record::{Piece, Record, Timed, VERSION};
use crate::cassette::{canon, deck::Line};
use crate::secrets::Redactor;

/// Bytes of one answer that are recorded. A longer one is recorded as broken off there.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Headers that are worth keeping; the others may hold accounts.
const REQUEST_HEADERS: &[&str] = &["content-type", "accept", "anthropic-version", "anthropic-beta", "user-agent"];
const ANSWER_HEADERS: &[&str] = &["content-type", "retry-after", "request-id", "x-request-id", "x-should-retry"];

/// Keeps what a provider answers. Dropped, it writes what there is.
pub(crate) struct Recorder {
    name: String,
    record: Option<Record>,
    pieces: Vec<(u64, Bytes)>,
    bytes: usize,
    asked_ms: u64,
    answered_ms: u64,
    clock: Arc<dyn Clock>,
    redactor: Redactor,
    lines: Sender<Line>,
}

impl Recorder {
    pub(super) fn new(
        name: &str,
        question: &Question<'_>,
        clock: Arc<dyn Clock>,
        redactor: Redactor,
        lines: Sender<Line>,
    ) -> Self {
        let mut request = question.body.to_vec();
        redactor.mask(&mut request);
        let record = Record {
            version: VERSION,
            dialect: question.dialect.name().to_owned(),
            path: question.path.to_owned(),
            key: canon::key(&canon::canonical(&request)),
            provider: question.provider.to_owned(),
            model: question.model.to_owned(),
            request_headers: keep(question.headers, REQUEST_HEADERS, &redactor),
            request: Piece::of(&request),
            status: 0,
            headers: BTreeMap::new(),
            answered_ms: 0,
            pieces: Vec::new(),
            complete: false,
        };
        let asked_ms = clock.mono_ms();
        Self {
            name: name.to_owned(),
            record: Some(record),
            pieces: Vec::new(),
            bytes: 0,
            asked_ms,
            answered_ms: asked_ms,
            clock,
            redactor,
            lines,
        }
    }

    /// The head of the answer came.
    pub(crate) fn answered(&mut self, status: u16, headers: &HeaderMap) {
        self.answered_ms = self.clock.mono_ms();
        if let Some(record) = &mut self.record {
            record.status = status;
            record.headers = keep(headers, ANSWER_HEADERS, &self.redactor);
            record.answered_ms = self.answered_ms.saturating_sub(self.asked_ms);
        }
    }

    /// Bytes of the answer came.
    pub(crate) fn push(&mut self, bytes: &Bytes) {
        self.bytes = self.bytes.saturating_add(bytes.len());
        if self.bytes <= ANSWER_BYTES_MAX {
            self.pieces.push((self.clock.mono_ms().saturating_sub(self.answered_ms), bytes.clone()));
        }
    }

    /// The answer came to its end.
    pub(crate) fn complete(mut self) {
        if let Some(record) = &mut self.record {
            record.complete = self.bytes <= ANSWER_BYTES_MAX;
        }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        let Some(mut record) = self.record.take().filter(|record| record.status != 0) else { return };
        // A secret may lie across the border of two pieces, so that it is looked for in all of them together.
        let mut all: Vec<u8> = self.pieces.iter().flat_map(|(_, bytes)| bytes.iter().copied()).collect();
        self.redactor.mask(&mut all);
        let mut from = 0;
        record.pieces = self
            .pieces
            .iter()
            .map(|(ms, bytes)| {
                let piece = &all[from..from + bytes.len()];
                from += bytes.len();
                Timed { ms: *ms, bytes: Piece::of(piece) }
            })
            .collect();
        let line = Line { name: std::mem::take(&mut self.name), record };
        if self.lines.try_send(line).is_err() {
            tracing::warn!("a call was not recorded: the disk does not keep up");
        }
    }
}

fn keep(headers: &HeaderMap, names: &[&str], redactor: &Redactor) -> BTreeMap<String, String> {
    let value = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    names.iter().filter_map(|name| Some(((*name).to_owned(), redactor.text(value(name)?)))).collect()
}
