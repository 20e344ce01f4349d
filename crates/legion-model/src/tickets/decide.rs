//! Which events an order about tickets means, or why it is refused.

mod add;
mod answers;
mod sessions;
mod teams;
mod tickets;

use jiff::Timestamp;

use crate::command::{Answer, TicketOrder};
use crate::decide::Decision;
use crate::ids::Party;
use crate::organisation::Organisation;
use crate::refusal::{Refusal, RefusalKind};
use crate::tickets::rules;

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

fn invalid(what: impl Into<String>) -> Refusal {
    Refusal::new(RefusalKind::Invalid, what)
}

fn conflict(what: impl Into<String>) -> Refusal {
    Refusal::new(RefusalKind::Conflict, what)
}

fn not_found(what: impl Into<String>) -> Refusal {
    Refusal::new(RefusalKind::NotFound, what)
}
