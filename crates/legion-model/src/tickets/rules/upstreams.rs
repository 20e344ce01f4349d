//! Tickets that wait for one that will not be merged.

use jiff::Timestamp;

use super::endings::close;
use crate::decide;
use crate::event::Event;
use crate::organisation::Organisation;
use crate::tickets::classify::ErrorClass;
use crate::tickets::names::TicketId;
use crate::tickets::spec::OnUpstream;
use crate::tickets::ticket::{Phase, Ticket, TicketOutcome};

/// Until when a ticket waits for one that was closed without being merged.
pub(crate) fn upstream_until(state: &Organisation, waiting: &Ticket, upstream: &Ticket) -> Option<Timestamp> {
    match &upstream.phase {
        Phase::Closed { outcome: TicketOutcome::Done { .. }, .. } => None,
        Phase::Closed { at, .. } => Some(decide::after(waiting.added_at.max(*at), state.bounds.upstream_ms)),
        _ => None,
    }
}

/// Tickets that wait for one that will not be merged, and do not want to wait.
pub(in crate::tickets) fn upstream_closed(state: &Organisation, event: &Event) -> Vec<Event> {
    let board = &state.board;
    match event {
        Event::TicketClosed { ticket, .. } => {
            board.dependents_of(*ticket).flat_map(|waiting| give_up(state, waiting, *ticket)).collect()
        }
        Event::TicketAdded { ticket, .. } | Event::TicketReopened { ticket, .. } => {
            let after = board.tickets.get(ticket).map(|ticket| ticket.after.keys()).into_iter().flatten();
            after
                .map(|upstream| give_up(state, *ticket, *upstream))
                .find(|events| !events.is_empty())
                .unwrap_or_default()
        }
        _ => Vec::new(),
    }
}

/// Closes a queued ticket whose upstream was closed without being merged, by its policy.
pub(in crate::tickets) fn give_up(state: &Organisation, waiting: TicketId, upstream: TicketId) -> Vec<Event> {
    let board = &state.board;
    let queued = |ticket: &&Ticket| matches!(ticket.phase, Phase::Queued { .. });
    let Some(ticket) = board.tickets.get(&waiting).filter(queued) else { return Vec::new() };
    if !board.closed_badly.contains(&upstream) {
        return Vec::new();
    }
    let outcome = match ticket.after.get(&upstream) {
        Some(OnUpstream::Wait) | None => return Vec::new(),
        Some(OnUpstream::Skip) => TicketOutcome::Skipped { because: upstream },
        Some(OnUpstream::Fail) => TicketOutcome::Error { class: ErrorClass::Fatal },
    };
    let called = board.tickets.get(&upstream).map_or_else(|| upstream.to_string(), Ticket::called);
    close(state, ticket, outcome, format!("{called} was not merged"), None)
}
