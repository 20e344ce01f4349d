//! What an answer that runs is made of, and how its bytes go through it.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use legion_dialects::usage::{Reader, Seen};
use legion_dialects::{Dialect, translate};

use crate::cassette::Recorder;
use crate::core::Core;
use crate::lane::border::Border;
use crate::lane::held::{Held, is_error};
use crate::lane::settlement::Settlement;
use crate::settings::Limits;
use crate::upstream::Source;

/// How the bytes of the provider become the caller's.
pub(crate) enum Lane {
    /// They are the same.
    Bytes {
        reader: Box<Reader>,
        border: Border,
        held: Held,
    },
    Translate(Box<translate::Stream>),
}

/// What a flow is made of.
pub(crate) struct Parts {
    pub core: Arc<Core>,
    /// The caller's dialect.
    pub dialect: Dialect,
    pub lane: Lane,
    /// The answer is a stream of events: signs of life and errors can be put in.
    pub is_stream: bool,
    /// What was read of the answer already.
    pub begun: VecDeque<Bytes>,
    pub source: Source,
    pub recorder: Option<Recorder>,
    pub settlement: Settlement,
    pub limits: Limits,
}

impl Parts {
    /// Hands bytes through the lane. None when nothing comes out of them yet.
    pub(super) fn pass(&mut self, bytes: Bytes) -> Option<Bytes> {
        if let Some(draft) = self.settlement.draft() {
            draft.streamed_bytes = draft.streamed_bytes.saturating_add(bytes.len() as u64);
            if draft.first_byte_ms.is_none() {
                draft.first_byte_ms = Some(self.core.clock.mono_ms().saturating_sub(draft.arrived_ms));
            }
        }
        // An error may quote what the provider was sent. All else goes on as it is.
        let (out, may_quote) = match &mut self.lane {
            Lane::Bytes { reader, border, held } => {
                reader.push(&bytes);
                let (out, is_error) = if self.is_stream { held.push(bytes, border) } else { (bytes, false) };
                (out, is_error || reader.seen().error.is_some())
            }
            Lane::Translate(stream) => (Bytes::from(stream.push(&bytes)), stream.failed().is_some()),
        };
        let out = if may_quote { self.masked(out) } else { out };
        Some(out).filter(|out| !out.is_empty())
    }

    /// What was held back and will not be whole any more.
    pub(super) fn held_back(&mut self) -> Option<Bytes> {
        let Lane::Bytes { held, .. } = &mut self.lane else { return None };
        let rest = held.take();
        let rest = if is_error(&rest) { self.masked(rest) } else { rest };
        (!rest.is_empty()).then_some(rest)
    }

    fn masked(&self, bytes: Bytes) -> Bytes {
        let mut told = bytes.to_vec();
        self.core.redactor.mask(&mut told);
        told.into()
    }

    /// Nothing more will be written, whatever the provider sends.
    pub(super) fn is_over(&self) -> bool {
        matches!(&self.lane, Lane::Translate(stream) if stream.is_over())
    }

    pub(super) fn is_at_border(&self) -> bool {
        match &self.lane {
            Lane::Bytes { border, .. } => border.is_clean(),
            Lane::Translate(_) => true,
        }
    }

    /// Keeps what was seen so far, for an end that nobody announces.
    pub(super) fn note_progress(&mut self) {
        let seen = match &mut self.lane {
            Lane::Bytes { reader, .. } => {
                // One in one piece can be read now only. Whoever was told its length lets go of it without asking for its end.
                if !self.is_stream {
                    reader.end();
                }
                reader.seen().clone()
            }
            Lane::Translate(stream) => stream.seen().clone(),
        };
        note(&mut self.settlement, seen);
        if let (Lane::Translate(stream), Some(draft)) = (&self.lane, self.settlement.draft()) {
            for lost in stream.warnings().iter().map(ToString::to_string) {
                // A caller that goes away is noted twice.
                if !draft.warnings.contains(&lost) {
                    draft.warnings.push(lost);
                }
            }
        }
    }
}

pub(super) fn note(settlement: &mut Settlement, seen: Seen) {
    if let Some(draft) = settlement.draft()
        && !draft.seen.terminal
    {
        draft.seen = seen;
    }
}
