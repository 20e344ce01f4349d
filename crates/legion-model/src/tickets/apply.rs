//! What the events about tickets mean. It never refuses; an event about something that is not there changes nothing.

mod attempts;
mod landings;
mod places;
mod sessions;
mod tickets;

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::board::Board;
use super::names::TicketId;
use super::ticket::{Phase, TicketOutcome};
use crate::agent::Agent;
use crate::event::Event;
use crate::money::MicroUsd;
use attempts::{attempt, attempt_began, attempt_ended};
use landings::landing;
use places::{hired, place};
use sessions::session;
use tickets::ticket;

pub(crate) fn apply(board: &mut Board, event: &Event, at: Timestamp) {
    let unfinished = |board: &Board| {
        let ticket = event.ticket().and_then(|id| board.tickets.get(&id)).filter(|ticket| !ticket.is_closed());
        ticket.map(|ticket| (ticket.session.clone(), ticket.by))
    };
    let before = unfinished(board);
    change(board, event, at);
    if let Some(ticket) = event.ticket() {
        refresh(board, ticket);
    }
    let after = unfinished(board);
    if before == after {
        return;
    }
    if let Some((session, by)) = before {
        let Some(counts) = board.unfinished.get_mut(&session) else { return };
        let count = counts.entry(by).or_default();
        *count = count.saturating_sub(1);
        counts.retain(|_, count| *count > 0);
    }
    if let Some((session, by)) = after {
        *board.unfinished.entry(session).or_default().entry(by).or_default() += 1;
    }
}

/// What an agent used goes to its ticket before the agent is gone.
pub(crate) fn agent_used(board: &mut Board, agent: &Agent) {
    let Some(ticket) = board.posts.get(&agent.id).and_then(|post| board.tickets.get_mut(&post.ticket)) else { return };
    ticket.usage += agent.usage;
    let spent = agent.spent + agent.spent_by_fired;
    if agent.spec.driver.capabilities().reports_cost || spent != MicroUsd::default() {
        ticket.spent = Some(ticket.spent.unwrap_or_default() + spent);
    }
}

/// Keeps the sets by phase true for one ticket.
fn refresh(board: &mut Board, id: TicketId) {
    let phase = board.tickets.get(&id).map(|ticket| &ticket.phase);
    let set = |set: &mut BTreeSet<TicketId>, is_in: bool| {
        if is_in {
            set.insert(id);
        } else {
            set.remove(&id);
        }
    };
    let not_before = match phase {
        Some(Phase::Queued { not_before }) => *not_before,
        _ => None,
    };
    set(&mut board.open, matches!(phase, Some(Phase::Open(_))));
    set(&mut board.queued, matches!(phase, Some(Phase::Queued { .. })));
    let badly = matches!(phase, Some(Phase::Closed { outcome, .. }) if !matches!(outcome, TicketOutcome::Done { .. }));
    set(&mut board.closed_badly, badly);
    board.delayed.retain(|(_, delayed)| *delayed != id);
    if let Some(not_before) = not_before {
        board.delayed.insert((not_before, id));
    }
}

fn change(board: &mut Board, event: &Event, at: Timestamp) {
    match event {
        Event::AgentHired { agent, spec, .. } => hired(board, *agent, &spec.cwd),
        Event::AgentFired { agent, .. } => {
            board.posts.remove(agent);
        }
        Event::SessionOpened { .. }
        | Event::SessionSet { .. }
        | Event::SessionUsed { .. }
        | Event::SessionCompleted { .. }
        | Event::SessionReopened { .. }
        | Event::SessionDeleted { .. } => session(board, event, at),
        Event::TicketAdded { .. }
        | Event::TicketReopened { .. }
        | Event::TicketClosed { .. }
        | Event::TicketDeleted { .. } => ticket(board, event, at),
        Event::ImportQueued { .. }
        | Event::LandingBegan { .. }
        | Event::LandingBuilt { .. }
        | Event::GateBegan { .. }
        | Event::GateJudged { .. }
        | Event::LandingDelayed { .. }
        | Event::LandingEnded { .. } => landing(board, event, at),
        Event::PlaceReleased { .. }
        | Event::PlaceRescued { .. }
        | Event::PlaceRemoved { .. }
        | Event::PlaceDelayed { .. } => place(board, event, at),
        Event::RoleSet { role, .. } => {
            board.roles.insert(role.id.clone(), role.clone());
        }
        Event::RoleDeleted { role, .. } => {
            board.roles.remove(role);
        }
        Event::TeamSet { team, .. } => {
            board.teams.insert(team.id.clone(), team.clone());
        }
        Event::TeamDeleted { team, .. } => {
            board.teams.remove(team);
        }
        Event::AttemptBegan { .. } => attempt_began(board, event, at),
        Event::AttemptEnded { .. } => attempt_ended(board, event, at),
        event => attempt(board, event, at),
    }
}
