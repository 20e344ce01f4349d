//! Which ticket begins next, and what holds the others.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::endings::dismiss_worker;
use crate::event::Event;
use crate::glob::{Glob, overlaps};
use crate::ids::{AgentId, AttemptId, derived};
use crate::organisation::Organisation;
use crate::tickets::attempt::Attempt;
use crate::tickets::board::Board;
use crate::tickets::names::{SessionName, TicketId};
use crate::tickets::place::{Place, PlaceKey};
use crate::tickets::session::{Overlap, Session, SessionPhase};
use crate::tickets::ticket::{Phase, Ticket};

/// An attempt that can begin now.
pub(crate) struct Begin {
    ticket: TicketId,
    worker: u32,
}

/// The attempt to begin next, when there is a ticket and a worker for it.
pub(crate) fn next_begin(state: &Organisation, at: Timestamp) -> Option<Begin> {
    let board = &state.board;
    if state.closing {
        return None;
    }
    for session in board.sessions.values().filter(|session| session.phase == SessionPhase::Active) {
        let mut room = Room::of(board, session);
        let queued = board.queued.iter().filter_map(|id| board.tickets.get(id));
        let mut ready: Vec<&Ticket> = queued
            .filter(|ticket| ticket.session == session.name && is_due(ticket, at))
            .filter(|ticket| !room.free.is_empty() || !ticket.spec.has_agent())
            .filter(|ticket| board.unmet(ticket).next().is_none())
            .collect();
        // What was begun goes on first; then the longest chain; then the oldest. What holds one is looked at in this order only:
        // it costs more than the order.
        ready.sort_unstable_by_key(|ticket| (ticket.attempts == 0, std::cmp::Reverse(ticket.rank), ticket.id));
        room.spare(&ready);
        let best = ready.into_iter().find_map(|ticket| Some((ticket, hold(board, session, ticket, &room).err()?)));
        if let Some((ticket, worker)) = best {
            return Some(Begin { ticket: ticket.id, worker });
        }
    }
    None
}

/// What a session has left for another attempt, and whose files it has to look out for.
pub(crate) struct Room {
    /// Workers that nobody has, in the order in which they are taken.
    free: Vec<u32>,
    /// Tickets that are being worked on, when files that overlap hold others.
    files: Vec<(TicketId, Vec<Glob>)>,
}

impl Room {
    pub(crate) fn of(board: &Board, session: &Session) -> Self {
        let open = || open_in(board, &session.name);
        let taken: Vec<u32> =
            open().filter(|(_, attempt)| attempt.holds_worker()).map(|(_, attempt)| attempt.worker).collect();
        // There may be fewer workers now than there were when these began.
        let free = match taken.len() >= session.settings.workers as usize {
            true => Vec::new(),
            false => (1..=session.settings.workers).filter(|worker| !taken.contains(worker)).collect(),
        };
        let files = match session.settings.overlap {
            Overlap::Hold => open().map(|(ticket, _)| (ticket.id, globs(ticket))).collect(),
            Overlap::Warn => Vec::new(),
        };
        Self { free, files }
    }

    /// Workers whom none of these asks for come first: the others are left to who can have no other.
    fn spare(&mut self, ready: &[&Ticket]) {
        let wanted: BTreeSet<u32> = ready.iter().filter_map(|ticket| ticket.spec.worker).collect();
        self.free.sort_by_key(|worker| (wanted.contains(worker), *worker));
    }
}

pub(in crate::tickets) fn open_in<'a>(
    board: &'a Board,
    session: &'a SessionName,
) -> impl Iterator<Item = (&'a Ticket, &'a Attempt)> {
    let open =
        board.open.iter().filter_map(|id| board.tickets.get(id)).filter(move |ticket| ticket.session == *session);
    open.filter_map(|ticket| ticket.attempt().map(|attempt| (ticket, attempt)))
}

pub(in crate::tickets) fn is_due(ticket: &Ticket, at: Timestamp) -> bool {
    matches!(&ticket.phase, Phase::Queued { not_before } if not_before.is_none_or(|time| time <= at))
}

/// Why a queued ticket that is due does not begin.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Hold {
    Upstream(TicketId),
    NoWorker,
    Worker(u32),
    Group(String),
    Overlap(TicketId),
    /// The clone of an attempt before is being secured: the next one goes on with what is in it.
    Securing,
}

/// What holds a queued ticket; otherwise (as the error) the worker that takes it.
pub(crate) fn hold(board: &Board, session: &Session, ticket: &Ticket, room: &Room) -> Result<Hold, u32> {
    if let Some(upstream) = board.unmet(ticket).next() {
        return Ok(Hold::Upstream(upstream));
    }
    if !ticket.spec.has_agent() {
        return Err(0);
    }
    let unsecured =
        |place: &Place| place.ticket == ticket.id && place.released && place.dirty && !place.key.is_review();
    if ticket.attempts > 0 && board.places.values().any(unsecured) {
        return Ok(Hold::Securing);
    }
    let worker = match ticket.spec.worker {
        Some(worker) if worker <= session.settings.workers => {
            if !room.free.contains(&worker) {
                return Ok(Hold::Worker(worker));
            }
            worker
        }
        _ => match room.free.first() {
            Some(worker) => *worker,
            None => return Ok(Hold::NoWorker),
        },
    };
    if let Some(group) = &ticket.spec.group
        && let Some(cap) = session.settings.group_caps.get(group)
    {
        let busy = open_in(board, &session.name)
            .filter(|(other, attempt)| other.spec.group.as_ref() == Some(group) && attempt.holds_worker())
            .count();
        if busy as u64 >= u64::from(*cap) {
            return Ok(Hold::Group(group.clone()));
        }
    }
    if !room.files.is_empty() && !ticket.spec.files.is_empty() {
        let own = globs(ticket);
        let other = room.files.iter().find(|(other, files)| *other != ticket.id && any_overlap(&own, files));
        if let Some((other, _)) = other {
            return Ok(Hold::Overlap(*other));
        }
    }
    Err(worker)
}

/// The files that a ticket means to touch. They were checked when they came in; one that is not well formed is no file.
pub(crate) fn globs(ticket: &Ticket) -> Vec<Glob> {
    ticket.spec.files.iter().filter_map(|glob| Glob::parse(glob).ok()).collect()
}

/// Whether some file may be meant by both.
pub(crate) fn any_overlap(some: &[Glob], others: &[Glob]) -> bool {
    some.iter().any(|one| others.iter().any(|other| overlaps(one, other)))
}

impl Begin {
    pub(in crate::tickets) fn events(&self, state: &Organisation, at: Timestamp) -> Vec<Event> {
        let board = &state.board;
        let Some(ticket) = board.tickets.get(&self.ticket) else { return Vec::new() };
        let project = state.project.as_ref().map(|(project, _)| project.0).unwrap_or_default();
        let number = ticket.attempts + 1;
        let attempt = AttemptId(derived(project, &format!("attempt/{}", ticket.id.0), u64::from(number)));
        let began = |place, agent, fresh| Event::AttemptBegan {
            ticket: ticket.id,
            attempt,
            number,
            worker: self.worker,
            place,
            agent,
            fresh,
            resolver: ticket.needs_resolver,
        };
        if !ticket.spec.has_agent() {
            return vec![began(None, None, true)];
        }
        let agent = ticket.agent.filter(|agent| state.agents.contains_key(agent));
        let place = ticket.place.clone().filter(|place| board.places.get(place).is_some_and(|place| !place.released));
        match (agent, place) {
            (Some(agent), Some(place)) if !ticket.needs_resolver => vec![began(Some(place), Some(agent), false)],
            _ => {
                let mut events = dismiss_worker(state, at, ticket);
                let place = PlaceKey::of_attempt(&ticket.session, ticket.id, number);
                events.push(began(Some(place), Some(AgentId(derived(attempt.0, "agent", 0))), true));
                events
            }
        }
    }
}
