//! The end of a call: what it cost is charged, and told. Each call that was sent settles once, however it ends.

use std::sync::Arc;

use legion_dialects::Usage;
use legion_dialects::usage::Seen;

use crate::budget::Reservation;
use crate::core::Core;
use crate::directory::{Call, Caller};
use crate::lane::outcome::Outcome;
use crate::lane::trace;
use crate::lane::way::Hold;
use crate::prices::{self, ModelCard};
use crate::settings::Price;

/// Bytes of a stream for a token of it, when nothing better is known: an event holds one to a few.
const STREAMED_BYTES_OF_A_TOKEN: u64 = 40;
/// The same of an answer in one piece, which is little else than its text.
const WHOLE_BYTES_OF_A_TOKEN: u64 = 4;
/// The status in the books of a call that a provider was asked and did not answer: that of a bad gateway.
const LOST: u16 = 502;
/// Tokens of an answer that are expected when money is set aside: most answers are shorter, whatever bound the caller names.
const EXPECTED_OUTPUT: u64 = 4_096;
/// Stands for a price that is not known when money is set aside. Like that of a large model.
const ASSUMED: Price = Price {
    input: 5_000_000_000,
    output: 25_000_000_000,
    cache_read: None,
    cache_write: None,
    cache_write_hour: None,
    reasoning: None,
    web_search: None,
};

/// What a call is expected to cost, in nano-dollars.
pub(crate) fn expected(card: Option<&ModelCard>, prompt: u64, output_max: Option<u64>) -> u64 {
    let output = output_max.unwrap_or(EXPECTED_OUTPUT).min(EXPECTED_OUTPUT);
    let usage = Usage { input: prompt, output, ..Usage::default() };
    prices::cost(&usage, card.map_or(&ASSUMED, |card| card.price_for(prompt)))
}

/// What a call can cost at most, when the caller names a bound, in nano-dollars.
pub(crate) fn worst(card: Option<&ModelCard>, prompt: u64, output_max: Option<u64>) -> u64 {
    let output = output_max.or_else(|| card?.output_max).unwrap_or(EXPECTED_OUTPUT);
    let usage = Usage { input: prompt, output, ..Usage::default() };
    prices::cost(&usage, card.map_or(&ASSUMED, |card| card.price_for(prompt)))
}

/// A call that was sent and has not been settled. Dropped, the caller has hung up.
pub(crate) struct Settlement {
    core: Arc<Core>,
    reservation: Option<Reservation>,
    draft: Option<Draft>,
}

/// What is known of a call before its end.
pub(crate) struct Draft {
    pub caller: Arc<Caller>,
    pub provider: String,
    pub model: String,
    pub asked_model: String,
    pub sub_agent: bool,
    pub program_session: Option<String>,
    pub left: Vec<String>,
    pub warnings: Vec<String>,
    pub at: jiff::Timestamp,
    pub arrived_ms: u64,
    pub first_byte_ms: Option<u64>,
    pub status: u16,
    pub card: Option<ModelCard>,
    pub prompt_guess: u64,
    /// Our own count of the prompt, where this call is one to learn from.
    pub counted: Option<u64>,
    pub streamed_bytes: u64,
    /// The answer comes in events.
    pub is_stream: bool,
    /// A record answered: it costs nothing, whatever its numbers are.
    pub is_replay: bool,
    /// What was seen of the answer so far.
    pub seen: Seen,
}

impl Settlement {
    pub(crate) fn new(core: Arc<Core>, reservation: Reservation, draft: Draft) -> Self {
        Self { core, reservation: Some(reservation), draft: Some(draft) }
    }

    /// What is known so far. None after the end.
    pub(crate) fn draft(&mut self) -> Option<&mut Draft> {
        self.draft.as_mut()
    }

    /// Takes the money back for another try. Nothing is settled.
    pub(super) fn take_back(&mut self) -> Option<Hold> {
        let draft = self.draft.take()?;
        Some(Hold { reservation: self.reservation.take()?, card: draft.card })
    }

    /// No provider gave an answer: nothing is charged.
    pub(crate) fn refused(&mut self, status: u16) {
        if let Some(draft) = &mut self.draft {
            draft.status = status;
        }
        self.settle(Outcome::Refused);
    }

    /// The provider was asked and nothing of its answer can be passed on: what it may charge for that is estimated.
    pub(super) fn lost(&mut self, outcome: Outcome) {
        if let Some(draft) = &mut self.draft {
            draft.status = LOST;
        }
        self.settle(outcome);
    }

    /// The call has ended.
    pub(crate) fn settle(&mut self, outcome: Outcome) {
        let (Some(draft), Some(reservation)) = (self.draft.take(), self.reservation.take()) else { return };
        let (usage, estimated) = match outcome {
            Outcome::Refused => (Usage::default(), false),
            _ => usage(&draft),
        };
        if let Some(ours) = draft.counted.filter(|_| outcome == Outcome::Done && !estimated && !draft.is_replay) {
            self.core.learned.learn(&draft.provider, &draft.model, ours, usage.prompt());
        }
        let card = draft.card.as_ref();
        let cost_nanos = match (outcome, usage.provider_cost_nanos, card) {
            (Outcome::Refused, ..) => Some(0),
            _ if draft.is_replay => Some(0),
            (_, Some(said), _) => Some(said),
            (_, None, card) => card.map(|card| prices::cost(&usage, card.price_for(usage.prompt()))),
        };
        let charged_nanos = cost_nanos.unwrap_or(reservation.nanos);
        let call = Call {
            id: legion_runtime::new_id(),
            caller: draft.caller,
            allowance: reservation.allowance,
            provider: draft.provider,
            model: draft.model,
            asked_model: draft.asked_model,
            usage,
            cost_nanos,
            charged_nanos,
            estimated,
            sub_agent: draft.sub_agent,
            program_session: draft.program_session,
            status: draft.status,
            outcome: outcome.name(),
            left: draft.left,
            warnings: draft.warnings,
            at: draft.at,
            first_byte_ms: draft.first_byte_ms,
            total_ms: self.core.clock.mono_ms().saturating_sub(draft.arrived_ms),
        };
        trace::tell(&call);
        // Told before the allowance may be given back.
        self.core.directory.settle(call);
        reservation.charge(charged_nanos);
    }
}

impl Drop for Settlement {
    fn drop(&mut self) {
        self.settle(Outcome::HangUp);
    }
}

/// The provider's numbers, or what can be known without its last ones; and whether it is an estimate.
fn usage(draft: &Draft) -> (Usage, bool) {
    let bytes_of_a_token = if draft.is_stream { STREAMED_BYTES_OF_A_TOKEN } else { WHOLE_BYTES_OF_A_TOKEN };
    let streamed = draft.streamed_bytes.div_ceil(bytes_of_a_token);
    match draft.seen.usage {
        Some(usage) if draft.seen.terminal => (usage, false),
        // The beginning of a stream names the prompt, its end the output.
        Some(usage) if usage.completion() < streamed => {
            (Usage { output: streamed.saturating_sub(usage.reasoning), ..usage }, true)
        }
        Some(usage) => (usage, true),
        None => (Usage { input: draft.prompt_guess, output: streamed, ..Usage::default() }, true),
    }
}
