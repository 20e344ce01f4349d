//! What the events about clones mean.

use jiff::Timestamp;

use crate::event::Event;
use crate::tickets::attempt::Delay;
use crate::tickets::board::{Board, Rescue};
use crate::tickets::names::TicketId;
use crate::tickets::place::Place;
use crate::tickets::ticket::Ticket;

/// It works in the clone that was made for it.
pub(super) fn hired(board: &mut Board, agent: crate::ids::AgentId, dir: &str) {
    let Some(post) = board.posts.get(&agent) else { return };
    let Some(attempt) = board.by_attempt(post.ticket, post.attempt).and_then(Ticket::attempt) else { return };
    let place = match post.review {
        Some(step) => attempt.reviews.iter().find(|review| review.step == step).map(|review| review.place.clone()),
        None => attempt.place.clone(),
    };
    if let Some(place) = place.and_then(|place| board.places.get_mut(&place)) {
        place.dir = Some(dir.to_owned());
    }
}

pub(super) fn make_place(
    board: &mut Board,
    key: Option<crate::tickets::place::PlaceKey>,
    ticket: TicketId,
    agent: Option<crate::ids::AgentId>,
    base: &str,
) {
    let Some(key) = key else { return };
    let Some(session) = board.tickets.get(&ticket).map(|ticket| ticket.session.clone()) else { return };
    let made = Place {
        key: key.clone(),
        session,
        ticket,
        agent,
        dir: None,
        base: base.to_owned(),
        dirty: true,
        rescued: None,
        released: false,
        delay: None,
    };
    board.places.entry(key).and_modify(|place| (place.dirty, place.agent) = (true, agent)).or_insert(made);
}

pub(super) fn place(board: &mut Board, event: &Event, at: Timestamp) {
    match event {
        Event::PlaceReleased { place } => {
            if let Some(place) = board.places.get_mut(place) {
                place.released = true;
            }
        }
        Event::PlaceRescued { place, commit, reference } => {
            let Some(secured) = board.places.get_mut(place) else { return };
            secured.dirty = false;
            secured.delay = None;
            let ticket = secured.ticket;
            if let (Some(commit), Some(reference)) = (commit, reference) {
                secured.rescued = Some(commit.clone());
                let rescue = Rescue { place: place.clone(), commit: commit.clone(), reference: reference.clone(), at };
                board.rescues.entry(ticket).or_default().push(rescue);
            }
        }
        Event::PlaceRemoved { place } => {
            board.places.remove(place);
        }
        Event::PlaceDelayed { place, tries, until, why } => {
            if let Some(place) = board.places.get_mut(place) {
                place.delay = Some(Delay { tries: *tries, until: *until, why: why.clone() });
            }
        }
        _ => {}
    }
}
