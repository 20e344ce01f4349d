//! Files that were secured.

use legion_api as api;
use legion_model::Organisation;
use legion_model::tickets::{Rescue, TicketId};

/// The rescues of one ticket that are in the log, oldest first.
pub(crate) fn of_ticket(state: &Organisation, id: TicketId) -> Vec<api::Rescue> {
    let (title, deleted) = title(state, id);
    let rescues = state.board.rescues.get(&id).into_iter().flatten().zip(1..);
    rescues.map(|(found, number)| rescue(id, &title, deleted, number, found)).collect()
}

/// The title of a ticket, and whether it was deleted.
pub(crate) fn title(state: &Organisation, id: TicketId) -> (String, bool) {
    match (state.board.tickets.get(&id), state.board.deleted.get(&id)) {
        (Some(ticket), _) => (ticket.spec.title.clone(), false),
        (None, title) => (title.cloned().unwrap_or_default(), true),
    }
}

pub(crate) fn rescue(id: TicketId, title: &str, deleted: bool, number: u32, rescue: &Rescue) -> api::Rescue {
    api::Rescue {
        ticket: id.0,
        title: title.to_owned(),
        deleted,
        number,
        place: rescue.place.to_string(),
        commit: rescue.commit.clone(),
        reference: rescue.reference.clone(),
        at: rescue.at,
    }
}
