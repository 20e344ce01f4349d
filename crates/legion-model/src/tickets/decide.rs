//! Which events an order about tickets means, or why it is refused.

mod add;
mod answers;
mod sessions;
mod teams;
mod tickets;

use jiff::Timestamp;

use crate::command::{Answer, TicketOrder};
use crate::decide::Decision;
use crate::event::Event;
use crate::ids::Party;
use crate::organisation::Organisation;
use crate::refusal::{Refusal, RefusalKind};
use crate::tickets::names::TicketId;
use crate::tickets::rules;
use crate::tickets::ticket::Ticket;

pub(crate) fn decide(state: &Organisation, by: Party, at: Timestamp, order: &TicketOrder) -> Decision {
    match order {
        TicketOrder::OpenSession { .. }
        | TicketOrder::SetSession { .. }
        | TicketOrder::UseSession { .. }
        | TicketOrder::CompleteSession { .. }
        | TicketOrder::DeleteSession { .. }
        | TicketOrder::Import { .. } => sessions::decide(state, by, at, order),
        TicketOrder::Add { session, tickets, settings } => add::add(state, by, session, tickets, settings.as_ref()),
        TicketOrder::Stop { .. }
        | TicketOrder::StopAll { .. }
        | TicketOrder::Retry { .. }
        | TicketOrder::Delete { .. }
        | TicketOrder::DecideHeld { .. }
        | TicketOrder::Report { .. } => tickets::decide(state, by, at, order),
        TicketOrder::SetRole { .. }
        | TicketOrder::DeleteRole { .. }
        | TicketOrder::SetTeam { .. }
        | TicketOrder::DeleteTeam { .. } => teams::decide(state, by, order),
        TicketOrder::Notice { text } => Ok((rules::notice(state, text), Answer::Done)),
        answer => answers::answer(state, at, answer),
    }
}

/// Decides about one ticket after the other, each on what the one before it left: to end one may end others.
fn one_by_one(
    state: &Organisation,
    at: Timestamp,
    tickets: &[TicketId],
    mut one: impl FnMut(&Organisation, &Ticket) -> Result<Vec<Event>, Refusal>,
) -> Result<Vec<Event>, Refusal> {
    let mut after = std::borrow::Cow::Borrowed(state);
    let mut events = Vec::new();
    for (index, id) in tickets.iter().enumerate() {
        let Some(ticket) = after.board.tickets.get(id) else { continue };
        let more = one(&after, ticket)?;
        if index + 1 < tickets.len() {
            for event in &more {
                after.to_mut().apply(event, at);
            }
        }
        events.extend(more);
    }
    Ok(events)
}

fn invalid(what: impl Into<String>) -> Refusal {
    Refusal::new(RefusalKind::Invalid, what)
}

fn conflict(what: impl Into<String>) -> Refusal {
    Refusal::new(RefusalKind::Conflict, what)
}

fn not_found(what: impl Into<String>) -> Refusal {
    Refusal::new(RefusalKind::NotFound, what)
}
