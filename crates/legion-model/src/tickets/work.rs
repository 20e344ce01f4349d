//! Work that the service does for tickets: made of the state, done by the hands, each piece idempotent.

use jiff::Timestamp;
use uuid::Uuid;

use super::attempt::{Delay, Stage};
use super::names::{SessionName, TicketId};
use super::place::PlaceKey;
use crate::ids::{AttemptId, GateRunId, LandingId, derived};
use crate::organisation::Organisation;

/// The id of a piece of work: the same work has the same id, a new try another one.
pub type JobId = Uuid;

/// One piece of work. What it needs to know stands in the state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Work {
    /// Make the attempt's clone on the newest target, or refresh the one that it goes on with. Answer: `Prepared`.
    Prepare { ticket: TicketId, attempt: AttemptId },
    /// Make a reviewer's clone at the head of the attempt. Answer: `ReviewPrepared`.
    PrepareReview { ticket: TicketId, attempt: AttemptId, step: u32 },
    /// Take in what the attempt left. Answer: `Collected`, or `NotCollected`.
    Collect { ticket: TicketId, attempt: AttemptId },
    /// Build the merge. Answer: `Built`, or `Conflicted`.
    Build { session: SessionName, landing: LandingId },
    /// Run a gate on the tree that was built. Answer: `GateEnded`.
    Gate { session: SessionName, landing: LandingId, run: GateRunId },
    /// Move the target by compare-and-swap. Answer: `Moved`, or `Foreign`.
    Move { session: SessionName, landing: LandingId },
    /// Secure every file of a clone under a rescue reference. Answer: `Rescued`.
    Rescue { place: PlaceKey },
    /// Remove a clone that is secured. Answer: `Removed`.
    Remove { place: PlaceKey },
}

/// Work that should be under way now, with its id; and the next time at which more becomes due.
pub fn jobs(state: &Organisation, now: Timestamp) -> (Vec<(JobId, Work)>, Option<Timestamp>) {
    let mut made = Made { now, jobs: Vec::new(), next: None };
    let board = &state.board;
    for ticket in board.open.iter().filter_map(|id| board.tickets.get(id)) {
        let Some(attempt) = ticket.attempt() else { continue };
        let (id, attempt_id) = (ticket.id, attempt.id);
        match attempt.stage {
            Stage::Preparing => made.job(attempt_id.0, "prepare", attempt.delay.as_ref(), || Work::Prepare {
                ticket: id,
                attempt: attempt_id,
            }),
            Stage::Collecting => {
                // Runs of the same attempt are collected one after the other: each is its own work.
                let word = format!("collect/{}", attempt.since.as_millisecond());
                made.job(attempt_id.0, &word, attempt.delay.as_ref(), || Work::Collect {
                    ticket: id,
                    attempt: attempt_id,
                });
            }
            Stage::Reviewing => {
                if let Some(review) = attempt.open_review().filter(|review| !review.prepared) {
                    let word = format!("review/{}", attempt.reviews.len());
                    made.job(attempt_id.0, &word, attempt.delay.as_ref(), || Work::PrepareReview {
                        ticket: id,
                        attempt: attempt_id,
                        step: review.step,
                    });
                }
            }
            _ => {}
        }
    }
    for session in board.sessions.values() {
        let Some(landing) = &session.landing else { continue };
        let name = || session.name.clone();
        match (&landing.built, &landing.run) {
            (None, _) => made.job(landing.id.0, "build", landing.delay.as_ref(), || Work::Build {
                session: name(),
                landing: landing.id,
            }),
            (Some(_), Some(run)) => made.job(run.id.0, "gate", landing.delay.as_ref(), || Work::Gate {
                session: name(),
                landing: landing.id,
                run: run.id,
            }),
            // Otherwise a gate waits until another one is through.
            (Some(_), None) => {
                if super::rules::is_green(board, landing) {
                    made.job(landing.id.0, "move", landing.delay.as_ref(), || Work::Move {
                        session: name(),
                        landing: landing.id,
                    });
                }
            }
        }
    }
    for place in board.places.values().filter(|place| place.dirty || place.released) {
        let base = derived(Uuid::NAMESPACE_OID, place.key.as_str(), 0);
        if place.dirty && super::rules::may_secure(state, place) {
            made.job(base, "rescue", place.delay.as_ref(), || Work::Rescue { place: place.key.clone() });
        } else if super::rules::may_remove(state, place) {
            made.job(base, "remove", place.delay.as_ref(), || Work::Remove { place: place.key.clone() });
        }
    }
    (made.jobs, made.next)
}

struct Made {
    now: Timestamp,
    jobs: Vec<(JobId, Work)>,
    next: Option<Timestamp>,
}

impl Made {
    fn job(&mut self, base: Uuid, word: &str, delay: Option<&Delay>, work: impl FnOnce() -> Work) {
        let tries = delay.map_or(0, |delay| delay.tries);
        if let Some(delay) = delay.filter(|delay| delay.until > self.now) {
            self.next = Some(self.next.map_or(delay.until, |next| next.min(delay.until)));
            return;
        }
        self.jobs.push((derived(base, word, u64::from(tries)), work()));
    }
}
