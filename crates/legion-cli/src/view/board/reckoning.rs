//! What it took, and what it could have taken at best. Everything is measured; nothing is a guess.

use jiff::{SignedDuration, Timestamp};

use super::{
    attempt::{Attempt, AttemptEnd},
    path::{Chains, Path, millis},
    state::Board,
    ticket::BoardTicket,
};

/// The sums of a session's tickets.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reckoning {
    pub attempts: usize,
    /// Those whose work was merged, and checkpoints that passed.
    pub merged: usize,
    pub conflicts: usize,
    /// Attempts that failed for another reason than a conflict.
    pub failed: usize,
    pub elapsed: SignedDuration,
    /// All attempts one after the other: work, merge and gates, without any wait.
    pub sequential: SignedDuration,
    pub bound: Bound,
}

/// What no schedule with these workers can beat, by what each ticket really took.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bound {
    /// The longest chain of tickets that wait for each other, each with all of its attempts and its merge.
    pub path: Path,
    /// The attempts of agents, shared out evenly among the workers.
    pub shared_ms: u64,
    pub workers: u32,
    /// Merges with their gates: one at a time.
    pub merges_ms: u64,
}

impl Bound {
    pub(super) fn ms(&self) -> u64 {
        self.path.ms.max(self.shared_ms).max(self.merges_ms)
    }
}

impl Reckoning {
    pub(super) fn of(board: &Board, now: Timestamp) -> Self {
        let attempts = || board.tickets.values().flat_map(|ticket| &ticket.attempts);
        let ended = |wanted: fn(&AttemptEnd) -> bool| {
            attempts().filter(|attempt| attempt.end.as_ref().is_some_and(|(end, _)| wanted(end))).count()
        };
        let worked: SignedDuration =
            attempts().filter(|attempt| attempt.worker.is_some()).map(|attempt| attempt.worked(now)).sum();
        let merges: SignedDuration = attempts().map(|attempt: &Attempt| attempt.landed(now)).sum();
        let workers = board.workers.max(1);
        Self {
            attempts: attempts().count(),
            merged: ended(|end| *end == AttemptEnd::Merged),
            conflicts: ended(|end| matches!(end, AttemptEnd::Failed { class } if class == "conflict")),
            failed: ended(|end| matches!(end, AttemptEnd::Failed { class } if class != "conflict")),
            elapsed: board.elapsed(now),
            sequential: board.tickets.values().map(|ticket: &BoardTicket| ticket.took(now)).sum(),
            bound: Bound {
                path: Chains::of(board).longest(|ticket| Some(millis(ticket.took(now)))),
                shared_ms: millis(worked).div_ceil(u64::from(workers)),
                workers,
                merges_ms: millis(merges),
            },
        }
    }

    /// How many times as fast as one ticket after the other.
    pub(super) fn speed_up(&self) -> Option<f64> {
        let elapsed = self.elapsed.as_secs_f64();
        (elapsed > 0.0).then(|| self.sequential.as_secs_f64() / elapsed)
    }

    /// How near it came to the bound: 1 is as fast as can be.
    pub(super) fn reached(&self) -> Option<f64> {
        let elapsed = millis(self.elapsed);
        (elapsed > 0).then(|| self.bound.ms() as f64 / elapsed as f64)
    }
}
