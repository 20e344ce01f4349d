//! A ticket that a caller asks about: it is looked for, and the caller is authorised, in one go.

use legion_model::authority::{Verb, authorise};
use legion_model::tickets::{Ticket, TicketId};
use legion_model::{Organisation, Party, Refusal, RefusalKind};

/// Whether a caller may look at a ticket.
pub(crate) fn sees(state: &Organisation, caller: Party, ticket: &Ticket) -> bool {
    authorise(state, caller, Verb::SeeTicket, ticket.id).is_ok()
}

/// The ticket, or why this cannot be done to it.
pub(crate) fn ticket(state: &Organisation, caller: Party, verb: Verb, id: TicketId) -> Result<&Ticket, Refusal> {
    let Some(ticket) = state.board.tickets.get(&id) else {
        return Err(match state.board.deleted.get(&id) {
            Some(title) => Refusal::new(RefusalKind::NotFound, format!("ticket {id} `{title}` was deleted"))
                .hint(format!("`legion undelete {}` brings its files back", id.0)),
            None => Refusal::new(RefusalKind::NotFound, format!("there is no ticket {id}"))
                .hint("`legion check` lists the tickets"),
        });
    };
    authorise(state, caller, verb, id).map(|()| ticket)
}
