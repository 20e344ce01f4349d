//! A stream of one dialect as one of another.

use super::{dialects, held};
use crate::dialect::Dialect;
use crate::error::{Class, UpstreamError};
use crate::neutral::{Event, Step};
use crate::sse::Splitter;
use crate::translate::{Decode, Encode, Memory, Sequencer};
use crate::usage::{Reader, Seen};
use crate::warning::Warning;

/// A provider's stream, written for the client piece by piece. Never fails itself: what is wrong with the upstream becomes an
/// error event in the client's dialect, after which nothing more is written. Memory is bounded by one event and what of
/// interleaved calls has to wait.
pub struct Stream {
    lane: Lane,
    to: Dialect,
    warnings: Vec<Warning>,
    seen: Seen,
    is_over: bool,
}

enum Lane {
    /// The same dialect: bytes pass.
    Same(Box<Reader>),
    Translate(Box<Translation>),
}

struct Translation {
    splitter: Splitter,
    decoder: Box<dyn Decode>,
    sequencer: Sequencer,
    encoder: Box<dyn Encode>,
    /// Scratch for one event.
    events: Vec<Event>,
    steps: Vec<Step>,
    ended: bool,
}

impl Stream {
    pub fn new(from: Dialect, to: Dialect, memory: Memory) -> Self {
        let lane = if from == to {
            Lane::Same(Box::new(Reader::new(from, true)))
        } else {
            Lane::Translate(Box::new(Translation {
                splitter: Splitter::default(),
                decoder: dialects::decoder(from, &memory),
                encoder: dialects::encoder(to, &memory),
                sequencer: match to {
                    Dialect::Anthropic => Sequencer::new(memory).saying_asked_model(),
                    Dialect::Chat | Dialect::Responses => Sequencer::new(memory),
                },
                events: Vec::new(),
                steps: Vec::new(),
                ended: false,
            }))
        };
        Self { lane, to, warnings: Vec::new(), seen: Seen::default(), is_over: false }
    }

    /// Takes the next bytes of the upstream and gives the bytes for the client, complete events only.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<u8> {
        if self.is_over {
            return Vec::new();
        }
        match &mut self.lane {
            Lane::Same(reader) => {
                reader.push(bytes);
                bytes.to_vec()
            }
            Lane::Translate(translation) => {
                let mut out = Vec::new();
                translation.push(bytes, &mut out, &mut self.warnings);
                self.note();
                out
            }
        }
    }

    /// The upstream's stream has ended: completes the answer, or says that it was cut.
    pub fn finish(&mut self) -> Vec<u8> {
        if self.is_over {
            return Vec::new();
        }
        let mut out = Vec::new();
        match &mut self.lane {
            Lane::Same(reader) => {
                reader.end();
                let seen = reader.seen();
                // What was passed on cannot be taken back; a client that sees no end must be told why.
                if !seen.terminal && seen.error.is_none() && seen.stop.is_none() {
                    let error = UpstreamError::new(Class::Server, "the provider's stream was cut before its end");
                    out = [b"\n\n".to_vec(), crate::error::stream(self.to, &error)].concat();
                    self.seen.error = Some(error);
                }
            }
            Lane::Translate(translation) => translation.finish(&mut out, &mut self.warnings),
        }
        self.note();
        self.is_over = true;
        out
    }

    /// Ends the answer with an error of the gateway's own, such as a time-out.
    pub fn abort(&mut self, error: UpstreamError) -> Vec<u8> {
        if self.is_over {
            return Vec::new();
        }
        let mut out = Vec::new();
        match &mut self.lane {
            Lane::Same(reader) => {
                reader.end();
                out = [b"\n\n".to_vec(), crate::error::stream(self.to, &error)].concat();
                self.seen.error = Some(error);
            }
            Lane::Translate(translation) => {
                let mut steps = Vec::new();
                translation.sequencer.fail(error, &mut steps);
                for step in &steps {
                    translation.encoder.step(step, &mut out);
                }
            }
        }
        self.note();
        self.is_over = true;
        out
    }

    /// What the answer said so far: usage, model, why it ended.
    pub fn seen(&self) -> &Seen {
        &self.seen
    }

    /// The error with which the answer ended, if it did.
    pub fn failed(&self) -> Option<&UpstreamError> {
        self.seen.error.as_ref()
    }

    /// Nothing more will be written.
    pub fn is_over(&self) -> bool {
        self.is_over
    }

    /// What was lost so far, each once.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    fn note(&mut self) {
        match &self.lane {
            Lane::Same(reader) => {
                let error = self.seen.error.take();
                self.seen = reader.seen().clone();
                self.seen.error = error.or(self.seen.error.take());
            }
            Lane::Translate(translation) => {
                let sequencer = &translation.sequencer;
                self.seen = Seen {
                    usage: sequencer.usage(),
                    model: sequencer.model().map(ToOwned::to_owned),
                    stop: sequencer.stop(),
                    error: sequencer.failure().cloned(),
                    terminal: translation.ended,
                    response_id: sequencer.response_id().map(ToOwned::to_owned),
                };
                self.is_over = sequencer.is_over();
                held::once(&mut self.warnings);
            }
        }
    }
}

impl Translation {
    fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>, warnings: &mut Vec<Warning>) {
        self.splitter.push(bytes);
        while !self.sequencer.is_over() {
            match self.splitter.next() {
                None => return,
                Some(Ok(event)) => {
                    let (name, data) = (event.name, event.data);
                    self.event(&name, &data, false, out, warnings);
                }
                Some(Err(error)) => {
                    self.sequencer.fail(UpstreamError::new(Class::Server, error.to_string()), &mut self.steps);
                    self.write(out);
                }
            }
        }
    }

    fn event(&mut self, name: &str, data: &str, is_cut: bool, out: &mut Vec<u8>, warnings: &mut Vec<Warning>) {
        let read = self.decoder.event(name, data, &mut self.events, warnings);
        for event in self.events.drain(..) {
            self.ended |= event == Event::End;
            self.sequencer.accept(event, &mut self.steps, warnings);
        }
        if let Err(malformed) = read
            && !is_cut
        {
            let message = format!("the provider's stream is malformed: {malformed}");
            self.sequencer.fail(UpstreamError::new(Class::Server, message), &mut self.steps);
        }
        self.write(out);
    }

    fn finish(&mut self, out: &mut Vec<u8>, warnings: &mut Vec<Warning>) {
        if let Some(Ok(event)) = self.splitter.finish() {
            let (name, data) = (event.name, event.data);
            self.event(&name, &data, true, out, warnings);
        }
        self.sequencer.closed(&mut self.steps, warnings);
        self.ended |= self.sequencer.failure().is_none();
        self.write(out);
    }

    fn write(&mut self, out: &mut Vec<u8>) {
        for step in self.steps.drain(..) {
            self.encoder.step(&step, out);
        }
    }
}
