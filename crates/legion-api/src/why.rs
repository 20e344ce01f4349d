use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::TicketStatus;

/// Who has to do something before a ticket goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MoverKind {
    /// Nobody: it is merged, or was given up by order.
    Nobody,
    Service,
    Agent,
    Ticket,
    Person,
}

impl MoverKind {
    /// The word used in JSON and on screens.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::Service => "service",
            Self::Agent => "agent",
            Self::Ticket => "ticket",
            Self::Person => "person",
        }
    }
}

/// The single next mover of a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Mover {
    pub who: MoverKind,
    /// UUID, when it is an agent.
    pub agent: Option<String>,
    /// Name of that agent.
    pub agent_name: Option<String>,
    /// Number, when it is another ticket.
    pub ticket: Option<u32>,
}

/// Why a ticket is where it is: who moves next, and until when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Why {
    pub ticket: u32,
    pub status: TicketStatus,
    pub mover: Mover,
    /// What happens or is waited for, as a sentence.
    pub what: String,
    /// When something else happens if nothing does. Every unfinished ticket has one.
    pub deadline: Option<Timestamp>,
    /// Tickets with overlapping files that are being worked on.
    pub overlaps: Vec<u32>,
}

/// Why unfinished tickets, and those that were closed without being merged, are where they are; by number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WhyPage {
    pub tickets: Vec<Why>,
    /// Pass as `after` to get the next page; null at the end.
    pub next: Option<u32>,
}
