//! What must be true of every state.

use std::collections::BTreeSet;

use legion_model::tickets::{Mover, Phase, Stage, TicketId, why};
use legion_model::{Organisation, Party};

use super::audit::could_begin;
use super::history::History;

/// How late a time that came may be taken up.
const SLACK_MS: u64 = 60_000;

impl History {
    pub fn check_state(&mut self) {
        let Some(service) = self.service.as_ref().filter(|service| service.is_settled()) else { return };
        let state = &service.state;
        let mut found = self.idle_worker(state).or_else(|| broken(state));
        if found.is_none() && self.log.len() % 7 == 0 {
            found = without_mover(state);
        }
        if let Some(found) = found {
            self.violate(found);
        }
    }

    /// A worker has nothing to do while a ticket is ready.
    fn idle_worker(&self, state: &Organisation) -> Option<String> {
        if state.closing {
            return None;
        }
        for (id, known) in self.audit.tickets.iter().filter(|(_, known)| could_begin(&self.audit, known)) {
            let Some(ticket) = state.board.tickets.get(id) else { continue };
            let Phase::Queued { not_before } = &ticket.phase else { continue };
            let late = not_before.is_none_or(|time| {
                time.checked_add(std::time::Duration::from_millis(SLACK_MS)).is_ok_and(|time| time < state.last_at)
            });
            if late && !self.audit.intruded.contains(&known.session) {
                return Some(format!("{id} is ready and a worker is idle"));
            }
        }
        None
    }
}

fn broken(state: &Organisation) -> Option<String> {
    let board = &state.board;
    for ticket in board.tickets.values() {
        let id = ticket.id;
        let (open, queued) = (board.open.contains(&id), board.queued.contains(&id));
        let phase = match &ticket.phase {
            Phase::Queued { .. } => (false, true),
            Phase::Open(_) => (true, false),
            Phase::Closed { .. } => (false, false),
        };
        if phase != (open, queued) {
            return Some(format!("{id} is {:?} and the sets say otherwise", ticket.phase));
        }
        if !ticket.is_closed() && !board.is_active(&ticket.session) {
            return Some(format!("{id} is unfinished and its session is not active"));
        }
        if let Some(attempt) = ticket.attempt()
            && attempt.stage == Stage::Collected
            && !state.closing
        {
            return Some(format!("{id} is taken in and nothing follows"));
        }
        if ticket.is_done() && ticket.agent.is_some() {
            return Some(format!("{id} is done and keeps its agent"));
        }
    }
    for (agent, post) in &board.posts {
        let Some(hired) = state.agents.get(agent) else { continue };
        let ticket = board.tickets.get(&post.ticket);
        let over = ticket.is_none_or(|ticket| ticket.is_done());
        if over && post.review.is_none() {
            return Some(format!("{agent} is hired for {}, which is over", post.ticket));
        }
        // A reviewer may still be in the run in which it gave its verdict.
        if over && hired.run.is_none() && hired.queue.is_empty() {
            return Some(format!("{agent} stays after the end of {}", post.ticket));
        }
    }
    let stopped = |id: &TicketId| {
        board.tickets.get(id).is_none_or(|ticket| {
            matches!(&ticket.phase, Phase::Closed { outcome: legion_model::tickets::TicketOutcome::Stopped, .. })
        })
    };
    let left = board.posts.iter().find(|(agent, post)| stopped(&post.ticket) && state.agents.contains_key(agent));
    left.map(|(agent, post)| format!("{} is stopped and {agent} works on", post.ticket))
}

/// Every unfinished ticket has one who moves next, with a deadline, and following them comes to an end.
fn without_mover(state: &Organisation) -> Option<String> {
    let board = &state.board;
    for ticket in board.tickets.values().filter(|ticket| !ticket.is_closed()) {
        let mut seen = BTreeSet::new();
        let mut at = ticket;
        loop {
            if !seen.insert(at.id) {
                return Some(format!("{} waits for itself: {seen:?}", ticket.id));
            }
            let why = why(state, at);
            if why.deadline.is_none() {
                return Some(format!("{} has no deadline: {why:?}", at.id));
            }
            match why.mover {
                Mover::Nobody => return Some(format!("nobody moves {}: {why:?}", at.id)),
                Mover::Agent { agent } if !state.agents.contains_key(&agent) => {
                    return Some(format!("{agent} of {} is not there", at.id));
                }
                Mover::Service | Mover::Agent { .. } | Mover::Person => break,
                Mover::Ticket { ticket: next } => match board.tickets.get(&next) {
                    Some(next) => at = next,
                    None => return Some(format!("{} waits for {next}, which is not there", at.id)),
                },
            }
            // One that is closed and not merged waits for a person.
            if at.is_closed() {
                break;
            }
        }
        if state.agents.get(&ticket.agent.unwrap_or(legion_model::AgentId(uuid::Uuid::nil()))).is_some_and(|agent| {
            agent.parent != ticket.by && agent.parent != Party::Root && !state.is_below(agent.id.into(), ticket.by)
        }) {
            return Some(format!("the agent of {} is not below who dispatched it", ticket.id));
        }
    }
    None
}
