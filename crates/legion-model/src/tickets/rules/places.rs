//! When a clone may be secured and removed.

use crate::organisation::Organisation;
use crate::tickets::place::Place;

/// Whether nobody uses a clone, so that it can be secured.
pub(crate) fn may_secure(state: &Organisation, place: &Place) -> bool {
    // Also one whose agent is fired, or belongs to another one that works in the same clone.
    if state.processes.values().any(|process| place.holds(&process.cwd)) {
        return false;
    }
    let Some(ticket) = state.board.tickets.get(&place.ticket) else { return true };
    let Some(attempt) = ticket.attempt() else {
        // Between two attempts the clone waits for the next one.
        return place.released || ticket.is_closed();
    };
    let used = attempt.place.as_ref() == Some(&place.key)
        || attempt.open_review().is_some_and(|review| review.place == place.key);
    !used
}

/// Whether a clone that was given up can be removed: it is secured, and nobody is at home in it.
pub(crate) fn may_remove(state: &Organisation, place: &Place) -> bool {
    place.released
        && !place.dirty
        && may_secure(state, place)
        && !state.agents.values().any(|agent| place.holds(&agent.spec.cwd))
}
