//! What the events about tickets as a whole mean.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::event::Event;
use crate::run::Usage;
use crate::tickets::board::Board;
use crate::tickets::names::TicketId;
use crate::tickets::spec::OnUpstream;
use crate::tickets::ticket::{Phase, Ticket, TicketOutcome};

pub(super) fn ticket(board: &mut Board, event: &Event, at: Timestamp) {
    match event {
        Event::TicketAdded { ticket, session, local, spec, after, policies, by } => {
            let mut after: BTreeMap<TicketId, OnUpstream> = after.iter().map(|id| (*id, spec.on_upstream)).collect();
            for own in policies {
                after.entry(own.upstream).and_modify(|policy| *policy = own.on_upstream);
            }
            for upstream in after.keys() {
                board.dependents.entry(*upstream).or_default().insert(*ticket);
            }
            board.last_ticket = board.last_ticket.max(ticket.0);
            let behind = board.dependents_of(*ticket).filter_map(|id| board.tickets.get(&id));
            let rank = behind.map(|waiting| waiting.rank + 1).max().unwrap_or(0);
            board.tickets.insert(
                *ticket,
                Ticket {
                    id: *ticket,
                    session: session.clone(),
                    local: local.clone(),
                    spec: (**spec).clone(),
                    after,
                    by: *by,
                    added_at: at,
                    rank,
                    phase: Phase::Queued { not_before: None },
                    attempts: 0,
                    failures: 0,
                    conflicts: 0,
                    transients: 0,
                    place: None,
                    agent: None,
                    feedback: None,
                    needs_resolver: false,
                    last_head: None,
                    approved: BTreeSet::new(),
                    summary: None,
                    started_at: None,
                    usage: Usage::default(),
                    spent: None,
                    history: Vec::new(),
                },
            );
            raise_ranks(board, *ticket);
        }
        Event::TicketReopened { ticket, spec, feedback, .. } => {
            let Some(reopened) = board.tickets.get_mut(ticket) else { return };
            if let Some(spec) = spec {
                reopened.spec = (**spec).clone();
            }
            if feedback.is_some() {
                reopened.feedback.clone_from(feedback);
            }
            reopened.failures = 0;
            reopened.conflicts = 0;
            reopened.transients = 0;
            reopened.needs_resolver = false;
            reopened.phase = Phase::Queued { not_before: None };
        }
        Event::TicketClosed { ticket, outcome, why, .. } => {
            if let Some(closed) = board.tickets.get_mut(ticket) {
                closed.phase = Phase::Closed { outcome: outcome.clone(), why: why.clone(), at };
                if matches!(outcome, TicketOutcome::Done { .. } | TicketOutcome::Stopped) {
                    closed.place = None;
                    if let Some(agent) = closed.agent.take() {
                        board.posts.remove(&agent);
                    }
                }
            }
        }
        Event::TicketDeleted { ticket, .. } => {
            let Some(deleted) = board.tickets.remove(ticket) else { return };
            if deleted.is_done() {
                board.deleted_done.insert(*ticket);
            }
            if let Some(agent) = deleted.agent {
                board.posts.remove(&agent);
            }
            for upstream in deleted.after.keys() {
                if let Some(dependents) = board.dependents.get_mut(upstream) {
                    dependents.remove(ticket);
                }
            }
            board.deleted.insert(*ticket, deleted.spec.title);
        }
        _ => {}
    }
}

/// The ticket's upstreams are at least one step before it.
pub(super) fn raise_ranks(board: &mut Board, from: TicketId) {
    let mut open = vec![from];
    while let Some(id) = open.pop() {
        let Some(ticket) = board.tickets.get(&id) else { continue };
        let wanted = ticket.rank + 1;
        for upstream in ticket.after.keys().copied().collect::<Vec<_>>() {
            if let Some(upstream) = board.tickets.get_mut(&upstream).filter(|upstream| upstream.rank < wanted) {
                upstream.rank = wanted;
                open.push(upstream.id);
            }
        }
    }
}
