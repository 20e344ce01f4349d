//! Who moves a ticket on.

use legion_api as api;
use legion_model::Organisation;
use legion_model::tickets::{Mover, Ticket};

use super::ticket::status;

pub(crate) fn why(state: &Organisation, ticket: &Ticket) -> api::Why {
    let why = legion_model::tickets::why(state, ticket);
    let mover = |who, agent: Option<legion_model::AgentId>, ticket| api::Mover {
        who,
        agent: agent.map(|agent| agent.to_string()),
        agent_name: agent.map(|agent| state.name(agent.into())),
        ticket,
    };
    api::Why {
        ticket: why.ticket.0,
        status: status(why.status),
        mover: match why.mover {
            Mover::Nobody => mover(api::MoverKind::Nobody, None, None),
            Mover::Service => mover(api::MoverKind::Service, None, None),
            Mover::Agent { agent } => mover(api::MoverKind::Agent, Some(agent), None),
            Mover::Ticket { ticket } => mover(api::MoverKind::Ticket, None, Some(ticket.0)),
            Mover::Person => mover(api::MoverKind::Person, None, None),
        },
        what: why.what,
        deadline: why.deadline,
        overlaps: why.overlaps.iter().map(|ticket| ticket.0).collect(),
    }
}
