//! What follows from the state of the board, in the same batch: attempts that move on, landings, gates, the scheduler.
//!
//! Each rule looks at the state only, so that after a crash, or after a batch that was lost, the same rule finds the same thing
//! to do. They are applied until none has anything to say.

mod endings;
mod landings;
mod places;
mod reviews;
mod running;
mod scheduler;
mod upstreams;

use jiff::Timestamp;

use super::attempt::Stage;
use crate::event::Event;
use crate::organisation::Organisation;
use landings::{begin_landing, go_on_landing, next_gate};
use reviews::{collected, dismiss_reviewer, reviewed};
use running::{at_rest, gone_agent};
use upstreams::upstream_closed;

pub(in crate::tickets) use endings::{close, dismiss_reviewers, dismiss_worker, fail, notice, stop};
pub(in crate::tickets) use landings::{end_landing, gate_ahead, is_green, landed};
pub(crate) use places::{may_remove, may_secure};
pub(crate) use scheduler::next_begin;
pub(in crate::tickets) use scheduler::{Hold, Room, any_overlap, globs, hold, open_in};
pub(crate) use upstreams::upstream_until;

pub(crate) use running::held_until;

/// Adds and applies what follows for tickets. `asked` when the command was about tickets: a time may have come.
pub(crate) fn follow(state: &mut Organisation, at: Timestamp, events: &mut Vec<Event>, asked: bool) {
    if (state.board.sessions.is_empty() && state.board.posts.is_empty()) || !(asked || events.iter().any(touches)) {
        return;
    }
    let mut seen = 0;
    loop {
        // Closed tickets bear on those that wait for them, one event after the other.
        while seen < events.len() {
            let closed = upstream_closed(state, &events[seen]);
            seen += 1;
            crate::settle::add(state, at, events, closed);
        }
        let more = next(state, at);
        if more.is_empty() {
            return;
        }
        crate::settle::add(state, at, events, more);
    }
}

/// Whether an event may give one of the rules something to do.
fn touches(event: &Event) -> bool {
    event.ticket().is_some()
        || matches!(
            event,
            Event::RunEnded { .. }
                | Event::AgentFired { .. }
                | Event::AgentHeld { .. }
                | Event::MessageExpired { .. }
                | Event::MessageAcked { .. }
                | Event::ServiceStarted
                | Event::SessionOpened { .. }
                | Event::SessionSet { .. }
                | Event::SessionReopened { .. }
                | Event::SessionDeleted { .. }
                | Event::ImportQueued { .. }
                | Event::LandingBegan { .. }
                | Event::LandingBuilt { .. }
                | Event::GateJudged { .. }
                | Event::LandingEnded { .. }
                | Event::PlaceRescued { .. }
        )
}

fn next(state: &Organisation, at: Timestamp) -> Vec<Event> {
    if state.closing {
        return Vec::new();
    }
    let board = &state.board;
    for ticket in board.open.iter().filter_map(|id| board.tickets.get(id)) {
        let Some(attempt) = ticket.attempt() else { continue };
        let events = match attempt.stage {
            Stage::Preparing => gone_agent(state, at, ticket, attempt).unwrap_or_default(),
            Stage::Running => at_rest(state, at, ticket, attempt),
            Stage::Collected => collected(state, at, ticket, attempt),
            Stage::Reviewing => reviewed(state, at, ticket, attempt),
            _ => Vec::new(),
        };
        if !events.is_empty() {
            return events;
        }
    }
    for session in board.sessions.values() {
        let events = match &session.landing {
            None => begin_landing(state, session),
            Some(landing) => go_on_landing(state, at, session, landing),
        };
        if !events.is_empty() {
            return events;
        }
    }
    if let Some(began) = next_gate(board, at) {
        return vec![began];
    }
    let dismissed = dismiss_reviewer(state, at);
    if !dismissed.is_empty() {
        return dismissed;
    }
    next_begin(state, at).map(|begin| begin.events(state, at)).unwrap_or_default()
}
