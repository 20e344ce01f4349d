//! Which ticket a landing is about: events of a landing name it once, when it begins.

use std::collections::BTreeMap;

use legion_model::tickets::{Item, TicketId};
use legion_model::{Event, LandingId, Organisation};

/// Landings that are under way, as far as the stream has shown them.
#[derive(Debug, Default)]
pub(super) struct Landings {
    tickets: BTreeMap<LandingId, TicketId>,
}

impl Landings {
    /// Those of a state.
    pub(super) fn of(state: &Organisation) -> Vec<(LandingId, TicketId)> {
        let open = state.board.sessions.values().filter_map(|session| session.landing.as_ref());
        open.filter_map(|landing| Some((landing.id, landed(&landing.item)?))).collect()
    }

    pub(super) fn knowing(known: impl IntoIterator<Item = (LandingId, TicketId)>) -> Self {
        Self { tickets: known.into_iter().collect() }
    }

    /// The ticket that an event is about.
    pub(super) fn ticket_of(&mut self, event: &Event) -> Option<TicketId> {
        match event {
            Event::LandingBegan { landing, item, .. } => {
                let ticket = landed(item)?;
                self.tickets.insert(*landing, ticket);
                Some(ticket)
            }
            Event::LandingEnded { landing, .. } => self.tickets.remove(landing),
            Event::LandingBuilt { landing, .. }
            | Event::GateBegan { landing, .. }
            | Event::GateJudged { landing, .. }
            | Event::LandingDelayed { landing, .. } => self.tickets.get(landing).copied(),
            event => event.ticket(),
        }
    }
}

fn landed(item: &Item) -> Option<TicketId> {
    match item {
        Item::Attempt { ticket, .. } => Some(*ticket),
        Item::Import { .. } => None,
    }
}
