//! A recorded answer as it is played.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Sleep;

use crate::settings::Pace;
use crate::upstream::Fault;

/// The rest of a recorded answer.
pub(crate) struct Playback {
    pieces: VecDeque<(u64, Bytes)>,
    pace: Pace,
    complete: bool,
    played_ms: u64,
    pause: Option<Pin<Box<Sleep>>>,
}

impl Playback {
    pub(super) fn new(pieces: VecDeque<(u64, Bytes)>, pace: Pace, complete: bool) -> Self {
        Self { pieces, pace, complete, played_ms: 0, pause: None }
    }

    pub(crate) fn poll_bytes(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Fault>>> {
        let Some((at_ms, _)) = self.pieces.front() else {
            let broken = || Fault::Broken { source: "the recorded answer breaks off here".into() };
            return Poll::Ready(if std::mem::replace(&mut self.complete, true) { None } else { Some(Err(broken())) });
        };
        if self.pace == Pace::Recorded && *at_ms > self.played_ms {
            let length = Duration::from_millis(*at_ms - self.played_ms);
            let pause = self.pause.get_or_insert_with(|| Box::pin(tokio::time::sleep(length)));
            ready!(pause.as_mut().poll(context));
        }
        self.pause = None;
        self.played_ms = *at_ms;
        Poll::Ready(self.pieces.pop_front().map(|(_, bytes)| Ok(bytes)))
    }
}
