//! Reads numbers from bytes that pass by.

use crate::dialect::Dialect;
use crate::sse::Splitter;
use crate::translate::dialects;
use crate::usage::Seen;

/// The largest answer in one piece that is read for its numbers.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Watches an answer that is forwarded as it is. What it cannot read it leaves: it never stands in the way of the bytes.
#[derive(Debug)]
pub struct Reader {
    dialect: Dialect,
    form: Form,
    seen: Seen,
}

#[derive(Debug)]
enum Form {
    Stream(Splitter),
    Answer(Vec<u8>),
    /// A stream with an event that is too large to be read: what comes after it is not understood.
    Blind,
    /// Too large, or done.
    Ignored,
}

impl Reader {
    /// A reader of a stream of events, or of an answer in one piece.
    pub fn new(dialect: Dialect, streaming: bool) -> Self {
        let form = if streaming { Form::Stream(Splitter::default()) } else { Form::Answer(Vec::new()) };
        Self { dialect, form, seen: Seen::default() }
    }

    pub fn push(&mut self, bytes: &[u8]) {
        match &mut self.form {
            Form::Stream(splitter) => {
                splitter.push(bytes);
                loop {
                    match splitter.next() {
                        None => return,
                        Some(Ok(event)) => dialects::note(self.dialect, &event.name, &event.data, &mut self.seen),
                        Some(Err(_)) => break,
                    }
                }
                self.form = Form::Blind;
            }
            Form::Answer(body) if body.len() + bytes.len() <= ANSWER_BYTES_MAX => body.extend_from_slice(bytes),
            Form::Answer(_) => self.form = Form::Ignored,
            Form::Blind | Form::Ignored => {}
        }
    }

    /// Whether a stream holds what could not be read: nobody knows then whether its end was seen.
    pub fn is_blind(&self) -> bool {
        matches!(self.form, Form::Blind)
    }

    /// What was seen until now.
    pub fn seen(&self) -> &Seen {
        &self.seen
    }

    /// Nothing more will come.
    pub fn end(&mut self) {
        if self.is_blind() {
            return;
        }
        match std::mem::replace(&mut self.form, Form::Ignored) {
            Form::Stream(mut splitter) => {
                if let Some(Ok(event)) = splitter.finish() {
                    dialects::note(self.dialect, &event.name, &event.data, &mut self.seen);
                }
            }
            Form::Answer(body) => dialects::answer(self.dialect, &body, &mut self.seen),
            Form::Blind | Form::Ignored => {}
        }
    }

    /// What was seen of the whole answer.
    pub fn finish(mut self) -> Seen {
        self.end();
        self.seen
    }
}
