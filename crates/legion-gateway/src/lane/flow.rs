//! The body of an answer while it runs: bytes go on as they come, and are read on their way. Nothing is collected.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame};
use legion_dialects::usage::Seen;
use legion_dialects::{Class, UpstreamError, error};
use tokio::time::Sleep;

use crate::lane::outcome::Outcome;
use crate::lane::parts::{Lane, Parts, note};
use crate::lane::ping::ping;
use crate::upstream::Fault;

/// The body of an answer.
pub(crate) struct Flow(Arc<Mutex<Inner>>);

struct Inner {
    parts: Option<Parts>,
    /// Pushed at the end, before it.
    last: Option<Bytes>,
    broken: bool,
    /// What came before the break was given the time to be written.
    let_out: bool,
    /// When bytes were handed over that the caller has not come back from.
    handed_ms: Option<u64>,
    heard_ms: u64,
    pinged_ms: u64,
    alarm: Pin<Box<Sleep>>,
}

/// The answers that run, for those that nobody reads any more.
#[derive(Default)]
pub(crate) struct Flights {
    all: Mutex<Vec<Weak<Mutex<Inner>>>>,
    running: AtomicUsize,
}

impl Flow {
    pub(crate) fn new(parts: Parts) -> Self {
        let now = parts.core.clock.mono_ms();
        let alarm = Box::pin(tokio::time::sleep(parts.limits.ping_every.min(parts.limits.silence_patience)));
        let core = parts.core.clone();
        let inner = Inner {
            parts: Some(parts),
            last: None,
            broken: false,
            let_out: false,
            handed_ms: None,
            heard_ms: now,
            pinged_ms: now,
            alarm,
        };
        let flow = Self(Arc::new(Mutex::new(inner)));
        core.flights.running.fetch_add(1, Ordering::Relaxed);
        lock(&core.flights.all).push(Arc::downgrade(&flow.0));
        flow
    }
}

impl Flights {
    /// Ends the answers that nobody reads. Called now and then.
    pub(crate) fn upkeep(&self, now_ms: u64) {
        let mut stalled = Vec::new();
        lock(&self.all).retain(|flight| match flight.upgrade() {
            None => false,
            Some(flight) => {
                stalled.push(flight);
                true
            }
        });
        for flight in stalled {
            let mut inner = lock(&flight);
            let patience = inner.parts.as_ref().map(|parts| millis(parts.limits.reader_patience));
            let waits = inner.handed_ms.map(|handed| now_ms.saturating_sub(handed));
            if let (Some(patience), Some(waits)) = (patience, waits)
                && waits >= patience
            {
                inner.end(Outcome::SlowReader);
                inner.broken = true;
            }
        }
    }

    /// How many answers run.
    pub(crate) fn count(&self) -> usize {
        self.running.load(Ordering::Relaxed)
    }
}

impl Body for Flow {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        let mut inner = lock(&self.0);
        inner.handed_ms = None;
        let next = std::task::ready!(inner.poll(context));
        if let Some(parts) = &inner.parts {
            inner.handed_ms = Some(parts.core.clock.mono_ms());
        }
        Poll::Ready(next.map(|bytes| bytes.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        let inner = lock(&self.0);
        inner.parts.is_none() && inner.last.is_none() && !inner.broken
    }
}

impl Inner {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Broken>>> {
        loop {
            if let Some(last) = self.last.take() {
                return Poll::Ready(Some(Ok(last)));
            }
            if self.broken && !std::mem::replace(&mut self.let_out, true) {
                // An error throws away what the connection has not written: all of an answer that came at once, with its head.
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            if std::mem::take(&mut self.broken) {
                return Poll::Ready(Some(Err(Broken)));
            }
            let Some(parts) = &mut self.parts else { return Poll::Ready(None) };
            let next = match parts.begun.pop_front() {
                Some(bytes) => Poll::Ready(Some(Ok(bytes))),
                None => parts.source.poll_bytes(context).map(|next| {
                    if let (Some(Ok(bytes)), Some(recorder)) = (&next, &mut parts.recorder) {
                        recorder.push(bytes);
                    }
                    next
                }),
            };
            match next {
                Poll::Ready(Some(Ok(bytes))) => {
                    self.heard_ms = parts.core.clock.mono_ms();
                    let out = parts.pass(bytes);
                    if parts.is_over() {
                        let failed = matches!(&parts.lane, Lane::Translate(stream) if stream.failed().is_some());
                        if let Some(recorder) = parts.recorder.take() {
                            recorder.complete();
                        }
                        self.last = out;
                        self.end(if failed { Outcome::Failed } else { Outcome::Done });
                    } else if let Some(out) = out {
                        return Poll::Ready(Some(Ok(out)));
                    }
                }
                Poll::Ready(Some(Err(fault))) => self.cut(Outcome::Cut, &fault),
                Poll::Ready(None) => self.finish(),
                Poll::Pending => {
                    std::task::ready!(self.alarm.as_mut().poll(context));
                    if let Some(ping) = self.alarm_rang() {
                        return Poll::Ready(Some(Ok(ping)));
                    }
                }
            }
        }
    }

    /// The provider was silent for a while, or the alarm was set for an earlier event.
    fn alarm_rang(&mut self) -> Option<Bytes> {
        let parts = self.parts.as_ref()?;
        let now = parts.core.clock.mono_ms();
        let silence = millis(parts.limits.silence_patience);
        let every = millis(parts.limits.ping_every);
        let silent = now.saturating_sub(self.heard_ms);
        if silent >= silence {
            let after = parts.limits.silence_patience;
            self.cut(Outcome::Silent, &Fault::AnswerSlow { after });
            return None;
        }
        let unheard = now.saturating_sub(self.heard_ms.max(self.pinged_ms));
        let ping = (unheard >= every && parts.is_stream && parts.is_at_border()).then(|| ping(parts.dialect));
        if unheard >= every {
            self.pinged_ms = now;
        }
        let next_ping = (self.heard_ms.max(self.pinged_ms) + every).saturating_sub(now);
        let next = next_ping.min(silence - silent).max(1);
        self.alarm = Box::pin(tokio::time::sleep(Duration::from_millis(next)));
        ping
    }

    /// The provider's answer came to its end, as far as the connection goes.
    fn finish(&mut self) {
        let Some(parts) = &mut self.parts else { return };
        self.last = parts.held_back();
        let outcome = match &mut parts.lane {
            Lane::Bytes { reader, border, .. } => {
                reader.end();
                let seen = reader.seen().clone();
                // Where its end could not be seen, the connection's own is believed.
                let terminal = seen.terminal || !parts.is_stream || reader.is_blind();
                let outcome = outcome(&seen, terminal);
                if outcome == Outcome::Cut {
                    let fault = UpstreamError::new(Class::Server, "the provider's answer broke off");
                    if border.is_clean() {
                        self.last = Some(error::stream(parts.dialect, &fault).into());
                    } else {
                        self.broken = true;
                    }
                }
                note(&mut parts.settlement, seen);
                outcome
            }
            Lane::Translate(stream) => {
                let failed = stream.failed().is_some();
                let bytes = stream.finish();
                if !bytes.is_empty() {
                    self.last = Some(bytes.into());
                }
                let outcome = match (failed, stream.failed()) {
                    (true, _) => Outcome::Failed,
                    (false, Some(_)) => Outcome::Cut,
                    (false, None) => Outcome::Done,
                };
                let seen = stream.seen().clone();
                note(&mut parts.settlement, seen);
                outcome
            }
        };
        if let Some(recorder) = parts.recorder.take() {
            recorder.complete();
        }
        self.end(outcome);
    }

    /// The provider broke off, or fell silent: the caller is told so in an event where one can be put in, else by a cut.
    fn cut(&mut self, outcome: Outcome, fault: &Fault) {
        let Some(parts) = &mut self.parts else { return };
        tracing::debug!(%fault, "an answer broke off");
        let told = UpstreamError::new(Class::Server, format!("the provider's answer broke off: {fault}"));
        self.last = parts.held_back();
        // An answer whose end was seen is complete, however its connection ends.
        let mut outcome = outcome;
        match &mut parts.lane {
            Lane::Bytes { reader, border, .. } => {
                reader.end();
                let seen = reader.seen().clone();
                if seen.terminal {
                    outcome = Outcome::Done;
                } else if parts.is_stream && border.is_clean() {
                    self.last = Some(error::stream(parts.dialect, &told).into());
                } else {
                    self.broken = true;
                }
                note(&mut parts.settlement, seen);
            }
            Lane::Translate(stream) => {
                let seen = stream.seen().clone();
                if seen.terminal {
                    outcome = Outcome::Done;
                    self.last = Some(stream.finish().into());
                } else {
                    self.last = Some(stream.abort(told).into());
                }
                note(&mut parts.settlement, seen);
            }
        }
        self.last = self.last.take().filter(|last| !last.is_empty());
        self.end(outcome);
    }

    fn end(&mut self, outcome: Outcome) {
        if let Some(mut parts) = self.parts.take() {
            parts.note_progress();
            parts.settlement.settle(outcome);
            parts.core.flights.running.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let Some(parts) = &mut self.parts else { return };
        parts.note_progress();
        // Programs close early as a habit: what they had the end of is complete.
        let terminal = parts.settlement.draft().is_some_and(|draft| draft.seen.terminal);
        if let Some(recorder) = parts.recorder.take_if(|_| terminal) {
            recorder.complete();
        }
        self.end(if terminal { Outcome::Done } else { Outcome::HangUp });
    }
}

fn outcome(seen: &Seen, terminal: bool) -> Outcome {
    match (&seen.error, terminal) {
        (Some(_), _) => Outcome::Failed,
        (None, true) => Outcome::Done,
        (None, false) => Outcome::Cut,
    }
}

/// The answer ends in the middle; the connection is cut so that the caller knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the answer broke off")]
pub(crate) struct Broken;

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
