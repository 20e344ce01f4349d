//! What must be true of every state.

use std::collections::BTreeSet;

use legion_model::tickets::{Mover, Phase, Stage, TicketOutcome, why};
use legion_model::{Organisation, Party};

use super::audit::could_begin;
use super::history::History;

/// How late a time that came may be taken up.
const SLACK_MS: u64 = 10_000;

impl History {
    pub fn check_state(&mut self) {
        let Some(service) = self.service.take() else { return };
        let mut found = None;
        if service.is_settled() {
            let state = &service.state;
            found = self.idle_worker(state).or_else(|| broken(state)).or_else(|| self.lives_on(state));
            if found.is_none() && self.random.chance(5) {
                found = without_mover(state);
            }
        }
        self.service = Some(service);
        if let Some(found) = found {
            self.violate(found);
        }
    }

    /// Somebody was hired for a ticket that is over.
    fn lives_on(&self, state: &Organisation) -> Option<String> {
        for (agent, (ticket, review)) in &self.audit.posts {
            let Some(hired) = state.agents.get(agent) else { continue };
            let outcome = state.board.tickets.get(ticket).map(|ticket| &ticket.phase);
            let over = match outcome {
                Some(Phase::Closed { outcome, .. }) => {
                    matches!(outcome, TicketOutcome::Done { .. } | TicketOutcome::Stopped)
                }
                Some(_) => false,
                None => true,
            };
            // A reviewer may still be in the run in which it gave its verdict.
            let stopped = !matches!(outcome, Some(Phase::Closed { outcome: TicketOutcome::Done { .. }, .. }));
            let rests = hired.run.is_none() && hired.queue.is_empty();
            if over && !state.closing && (review.is_none() || stopped || rests) {
                return Some(format!("{ticket} is over and {agent} works on"));
            }
        }
        None
    }

    /// A worker has nothing to do while a ticket is ready.
    fn idle_worker(&mut self, state: &Organisation) -> Option<String> {
        if state.closing {
            return None;
        }
        let mut still = BTreeSet::new();
        for (id, known) in self.audit.tickets.iter().filter(|(_, known)| could_begin(&self.audit, known)) {
            let Some(ticket) = state.board.tickets.get(id) else { continue };
            let Phase::Queued { not_before } = &ticket.phase else { continue };
            // What an attempt before left is secured first.
            if ticket.attempts > 0 && state.board.places.values().any(|p| p.ticket == *id && p.released && p.dirty) {
                continue;
            }
            if self.audit.intruded.contains(&known.session) || not_before.is_some_and(|time| time > state.last_at) {
                continue;
            }
            // A time that came is taken up with the next look; everything else in the same batch.
            let since = *self.ready.entry(*id).or_insert(self.mono_ms);
            if not_before.is_none() || self.mono_ms > since + SLACK_MS {
                return Some(format!("{id} is ready and a worker is idle"));
            }
            still.insert(*id);
        }
        self.ready.retain(|id, _| still.contains(id));
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
    None
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
