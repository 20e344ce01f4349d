//! What must be true when everything has come to rest.

use std::collections::BTreeSet;

use legion_model::Organisation;
use legion_model::tickets::{Phase, TicketOutcome};

use super::history::History;
use super::repository::Repository;

impl History {
    pub fn check_quiet(&mut self) {
        let Some(service) = self.service.as_ref() else {
            return self.violate("the service does not run at the end".to_owned());
        };
        if !service.is_settled() {
            return self.violate("the service has something to append and does not".to_owned());
        }
        let state = service.state.clone();
        let jobs = service.world.jobs.clone();
        let found = self.unfinished(&state).or_else(|| self.unmoved(&state)).or_else(|| self.lost());
        if let Some(found) = found {
            return self.violate(found);
        }
        if !jobs.is_empty() {
            return self.violate(format!("{} pieces of work are never ended", jobs.len()));
        }
        if self.folded() != state {
            return self.violate("the state is not the fold of the log at the end".to_owned());
        }
        self.check_snapshot(&state);
    }

    /// Somebody has to move next, and nobody does.
    fn unfinished(&self, state: &Organisation) -> Option<String> {
        let board = &state.board;
        if let Some(ticket) = board.tickets.values().find(|ticket| !ticket.is_closed()) {
            let why = legion_model::tickets::why(state, ticket);
            return Some(format!("not live: {} is {:?}; {why:?}", ticket.id, ticket.phase));
        }
        for session in board.sessions.values() {
            if session.landing.is_some() || !session.queue.is_empty() {
                return Some(format!("not live: {} has {:?} and {:?}", session.name, session.landing, session.queue));
            }
        }
        if let Some(process) = state.processes.values().next() {
            return Some(format!("not live: {process:?} is never ended"));
        }
        if let Some(place) = board.places.values().find(|place| {
            // An agent that was taken over by another one may still be at home in it.
            place.dirty || (place.released && !state.agents.values().any(|agent| place.holds(&agent.spec.cwd)))
        }) {
            return Some(format!("not live: {place:?} stays"));
        }
        if let Some((process, _)) = self.programs.iter().find(|(_, program)| program.alive) {
            return Some(format!("{process} lives at the end"));
        }
        for (agent, post) in &board.posts {
            let ticket = board.tickets.get(&post.ticket);
            let goes_on = ticket.is_some_and(|ticket| {
                matches!(
                    &ticket.phase,
                    Phase::Closed { outcome: TicketOutcome::Error { .. } | TicketOutcome::Skipped { .. }, .. }
                ) && ticket.agent == Some(*agent)
            });
            if !goes_on && state.agents.contains_key(agent) {
                return Some(format!("{agent} stays for ever, for {post:?}"));
            }
            if !goes_on && ticket.is_none_or(|ticket| ticket.agent != Some(*agent)) {
                return Some(format!("the post {post:?} of {agent} stays for ever"));
            }
        }
        None
    }

    /// Every move of a target is a landing in the log, and the other way round.
    fn unmoved(&self, state: &Organisation) -> Option<String> {
        let landings: Vec<_> =
            self.audit.landings.iter().filter(|(name, _)| state.board.sessions.contains_key(name)).collect();
        let moves: Vec<_> = self
            .repository
            .moves
            .iter()
            .filter(|(name, _)| state.board.sessions.contains_key(name))
            .filter(|moved| landings.contains(moved) || !self.repository.overtaken.contains(*moved))
            .collect();
        if moves != landings {
            return Some(format!("the target was moved to {moves:?}, and the log has {landings:?}"));
        }
        for (name, session) in &state.board.sessions {
            if !self.audit.intruded.contains(name) && self.repository.targets.get(name) != Some(&session.tip) {
                return Some(format!("the target of {name} is not at {}", session.tip));
            }
        }
        None
    }

    /// Every edit that was ever made is merged, pinned, rescued, or still in its clone.
    fn lost(&self) -> Option<String> {
        let mut held: BTreeSet<_> = self.repository.secured.clone();
        for checkout in self.checkouts.values() {
            held.extend(Repository::edits(&checkout.tree));
        }
        let numbers: BTreeSet<u64> = held.iter().map(|edit| edit.number).collect();
        let lost = (1..=self.edits).find(|number| !numbers.contains(number));
        lost.map(|lost| format!("the edit {lost} is lost"))
    }
}
