//! What a caller wants to do something to.

use crate::ids::{AgentId, MessageId, Party};
use crate::tickets::{SessionName, TicketId};

/// What a caller wants to do something to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Object<'a> {
    /// The person, or an agent.
    Member(Party),
    Message(MessageId),
    Ticket(TicketId),
    Session(&'a SessionName),
    /// What belongs to the project as a whole: sessions, teams, permission requests, its repository.
    Project,
    /// The service itself.
    Service,
}

impl From<Party> for Object<'_> {
    fn from(party: Party) -> Self {
        Self::Member(party)
    }
}

impl From<AgentId> for Object<'_> {
    fn from(agent: AgentId) -> Self {
        Self::Member(agent.into())
    }
}

impl From<MessageId> for Object<'_> {
    fn from(message: MessageId) -> Self {
        Self::Message(message)
    }
}

impl From<TicketId> for Object<'_> {
    fn from(ticket: TicketId) -> Self {
        Self::Ticket(ticket)
    }
}

impl<'a> From<&'a SessionName> for Object<'a> {
    fn from(session: &'a SessionName) -> Self {
        Self::Session(session)
    }
}
