//! Who may look at a ticket, and who may order about it.
//!
//! The model decides about every order. This is asked before a text is stored, and for what is only read.

use legion_model::tickets::{Ticket, TicketId};
use legion_model::{Organisation, Party, Refusal, RefusalKind};

/// Whether a caller may look at a ticket: one of the person's, of those above it, its own, or of those below it.
pub(crate) fn sees(state: &Organisation, caller: Party, ticket: &Ticket) -> bool {
    ticket.by == Party::Root
        || ticket.by == caller
        || state.is_below(ticket.by, caller)
        || state.is_below(caller, ticket.by)
}

/// Whether a caller may order about a ticket: the person, who dispatched it, and everybody above.
pub(crate) fn orders(state: &Organisation, caller: Party, ticket: &Ticket) -> bool {
    caller == Party::Root || ticket.by == caller || state.is_below(ticket.by, caller)
}

/// The ticket, or why it cannot be looked at.
pub(crate) fn seen(state: &Organisation, caller: Party, id: TicketId) -> Result<&Ticket, Refusal> {
    let Some(ticket) = state.board.tickets.get(&id) else {
        return Err(match state.board.deleted.get(&id) {
            Some(title) => Refusal::new(RefusalKind::NotFound, format!("ticket {id} `{title}` was deleted"))
                .hint(format!("`legion undelete {}` brings its files back", id.0)),
            None => Refusal::new(RefusalKind::NotFound, format!("there is no ticket {id}"))
                .hint("`legion check` lists the tickets"),
        });
    };
    if sees(state, caller, ticket) {
        return Ok(ticket);
    }
    Err(refused(state, caller, ticket, "look into")
        .hint("an agent looks into tickets of its own line: above, itself, below"))
}

/// The ticket, or why nothing can be ordered about it.
pub(crate) fn ordered(state: &Organisation, caller: Party, id: TicketId) -> Result<&Ticket, Refusal> {
    // What is not there is refused in the same words, seen or not.
    let ticket = match state.board.tickets.get(&id) {
        Some(ticket) => ticket,
        None => return seen(state, caller, id),
    };
    if orders(state, caller, ticket) {
        return Ok(ticket);
    }
    Err(refused(state, caller, ticket, "order about")
        .hint("an agent orders about tickets that it or agents below it dispatched"))
}

fn refused(state: &Organisation, caller: Party, ticket: &Ticket, verb: &str) -> Refusal {
    let (by, dispatcher) = (state.called(caller), state.called(ticket.by));
    Refusal::new(
        RefusalKind::Forbidden,
        format!("{by} may not {verb} ticket {}, which {dispatcher} dispatched", ticket.id),
    )
}
