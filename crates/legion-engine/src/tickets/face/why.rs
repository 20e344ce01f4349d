//! Who moves a ticket next.

use legion_model::tickets::{SessionName, TicketId, Why, why};
use legion_model::{Organisation, ProjectId};

use super::answer::not_found;
use crate::engine::Engine;
use crate::error::EngineError;

impl Engine {
    /// The single next mover of a ticket.
    pub async fn ticket_why(&self, project: ProjectId, ticket: TicketId) -> Result<Why, EngineError> {
        let look = move |state: &Organisation| state.board.tickets.get(&ticket).map(|found| why(state, found));
        let found = self.read(project, look).await?;
        found.ok_or_else(|| {
            not_found(format!("there is no ticket {ticket}")).hint("`legion check` lists the tickets").into()
        })
    }

    /// The next movers of all tickets of a session that are not merged.
    pub async fn tickets_why(&self, project: ProjectId, session: Option<SessionName>) -> Result<Vec<Why>, EngineError> {
        let session = self.session_named(project, session).await?;
        self.read(project, move |state| {
            state
                .board
                .tickets_of(&session)
                .filter(|ticket| !ticket.is_done())
                .map(|ticket| why(state, ticket))
                .collect()
        })
        .await
    }
}
