//! What the events about attempts and reviews mean.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::places::make_place;
use crate::event::Event;
use crate::ids::AttemptId;
use crate::tickets::attempt::{Attempt, AttemptEnd, AttemptSummary, Delay, Review, Stage};
use crate::tickets::board::{Board, Post};
use crate::tickets::landing::Item;
use crate::tickets::names::TicketId;
use crate::tickets::ticket::{Phase, Ticket};

pub(super) fn attempt_began(board: &mut Board, event: &Event, at: Timestamp) {
    let Event::AttemptBegan { ticket, attempt, number, worker, place, agent, fresh, resolver } = event else { return };
    let Some(begun) = board.tickets.get_mut(ticket) else { return };
    begun.attempts = *number;
    begun.started_at.get_or_insert(at);
    begun.place.clone_from(place);
    let before = std::mem::replace(&mut begun.agent, *agent);
    begun.needs_resolver = false;
    begun.phase = Phase::Open(Box::new(Attempt {
        id: *attempt,
        number: *number,
        worker: *worker,
        place: place.clone(),
        agent: *agent,
        resolver: *resolver,
        fresh: *fresh,
        began_at: at,
        // Without an agent there is nothing to prepare: its gates are what it is for.
        stage: if agent.is_some() { Stage::Preparing } else { Stage::Collected },
        since: at,
        base: None,
        evidence: None,
        reviews: Vec::new(),
        flakes: Vec::new(),
        reported: None,
        continued: 0,
        delay: None,
    }));
    if let Some(before) = before {
        board.posts.remove(&before);
    }
    if let Some(agent) = agent {
        board.posts.insert(*agent, Post { ticket: *ticket, attempt: *attempt, review: None });
    }
}

pub(super) fn attempt_ended(board: &mut Board, event: &Event, at: Timestamp) {
    let Event::AttemptEnded { ticket, attempt, end, why, detail, retry_at, by } = event else { return };
    let Some(ended) = board.tickets.get_mut(ticket) else { return };
    let Some(open) = ended.attempt().filter(|open| open.id == *attempt).cloned() else { return };
    ended.phase = Phase::Queued { not_before: *retry_at };
    // Whoever was not hired is not hired any more.
    if let Some(agent) = open.agent.filter(|_| open.fresh && open.base.is_none()) {
        board.posts.remove(&agent);
    }
    for review in &open.reviews {
        if !review.prepared || board.places.get(&review.place).is_some_and(|place| place.released) {
            board.posts.remove(&review.agent);
        }
    }
    match end {
        AttemptEnd::Failed(crate::tickets::classify::ErrorClass::Conflict) => ended.conflicts += 1,
        AttemptEnd::Failed(
            crate::tickets::classify::ErrorClass::Transient | crate::tickets::classify::ErrorClass::Quota,
        ) => {
            ended.transients += 1;
        }
        AttemptEnd::Failed(_) => ended.failures += 1,
        AttemptEnd::Merged | AttemptEnd::Stopped => {}
    }
    if !matches!(end, AttemptEnd::Merged) {
        if detail.is_some() {
            ended.feedback.clone_from(detail);
        }
        if let Some(evidence) = &open.evidence {
            ended.last_head = Some(evidence.head.clone());
        }
    }
    if let Some((_, summary)) = &open.reported {
        ended.summary = Some(summary.clone());
    }
    // Two conflicts went back to the author; the next one is for somebody else.
    ended.needs_resolver =
        *end == AttemptEnd::Failed(crate::tickets::classify::ErrorClass::Conflict) && ended.conflicts >= 3;
    ended.history.push(AttemptSummary {
        id: open.id,
        number: open.number,
        worker: open.worker,
        agent: open.agent,
        began_at: open.began_at,
        ended_at: at,
        end: *end,
        why: why.clone(),
        detail: detail.clone(),
        head: open.evidence.as_ref().map(|evidence| evidence.head.clone()),
        by: *by,
        flakes: open.flakes.clone(),
    });
    if ended.history.len() > Ticket::HISTORY_MAX {
        ended.history.remove(0);
    }
    if let Some(session) = board.sessions.get_mut(&ended.session) {
        session.queue.retain(|item| !matches!(item, Item::Attempt { attempt: queued, .. } if queued == attempt));
    }
}

pub(super) type Approved = BTreeSet<crate::tickets::attempt::ProtectedChange>;

pub(super) fn open_attempt(
    board: &mut Board,
    ticket: TicketId,
    attempt: AttemptId,
) -> Option<(&mut Approved, &mut Attempt)> {
    let ticket = board.tickets.get_mut(&ticket)?;
    match &mut ticket.phase {
        Phase::Open(open) if open.id == attempt => Some((&mut ticket.approved, open)),
        _ => None,
    }
}

pub(super) fn attempt(board: &mut Board, event: &Event, at: Timestamp) {
    match event {
        Event::AttemptPrepared { ticket, attempt, base } => {
            let Some((_, open)) = open_attempt(board, *ticket, *attempt) else { return };
            open.base = Some(base.clone());
            enter(open, Stage::Running, at);
            let (place, agent) = (open.place.clone(), open.agent);
            make_place(board, place, *ticket, agent, base);
        }
        Event::AttemptReported { ticket, attempt, done, summary } => {
            if let Some((_, open)) = open_attempt(board, *ticket, *attempt) {
                open.reported = Some((*done, summary.clone()));
            }
        }
        Event::AttemptContinued { ticket, attempt } => {
            if let Some((_, open)) = open_attempt(board, *ticket, *attempt) {
                open.continued += 1;
                open.since = at;
            }
        }
        Event::AttemptRan { ticket, attempt } => {
            if let Some((_, open)) = open_attempt(board, *ticket, *attempt) {
                enter(open, Stage::Collecting, at);
            }
        }
        Event::AttemptCollected { ticket, attempt, evidence } => {
            if let Some((_, open)) = open_attempt(board, *ticket, *attempt) {
                open.evidence = Some((**evidence).clone());
                enter(open, Stage::Collected, at);
            }
        }
        Event::ReviewBegan { ticket, attempt, step, role, agent, place } => {
            let Some((_, open)) = open_attempt(board, *ticket, *attempt) else { return };
            open.reviews.push(Review {
                step: *step,
                role: role.clone(),
                agent: *agent,
                place: place.clone(),
                prepared: false,
                reminded: false,
                verdict: None,
            });
            enter(open, Stage::Reviewing, at);
            board.posts.insert(*agent, Post { ticket: *ticket, attempt: *attempt, review: Some(*step) });
        }
        Event::ReviewPrepared { ticket, attempt, .. } => {
            let Some((_, open)) = open_attempt(board, *ticket, *attempt) else { return };
            open.delay = None;
            open.since = at;
            let base = open.evidence.as_ref().map(|evidence| evidence.head.clone()).unwrap_or_default();
            let Some(review) = open.reviews.last_mut() else { return };
            review.prepared = true;
            let (place, agent) = (review.place.clone(), review.agent);
            make_place(board, Some(place), *ticket, Some(agent), &base);
        }
        Event::ReviewReminded { ticket, attempt, .. } => {
            if let Some((_, open)) = open_attempt(board, *ticket, *attempt)
                && let Some(review) = open.reviews.last_mut()
            {
                review.reminded = true;
            }
        }
        Event::ReviewGiven { ticket, attempt, step, approved, summary } => {
            let Some((_, open)) = open_attempt(board, *ticket, *attempt) else { return };
            if let Some(review) = open.reviews.iter_mut().find(|review| review.step == *step) {
                review.verdict = Some((*approved, summary.clone()));
            }
            enter(open, Stage::Collected, at);
        }
        Event::AttemptHeld { ticket, attempt, deadline, .. } => {
            if let Some((_, open)) = open_attempt(board, *ticket, *attempt) {
                enter(open, Stage::Held { deadline: *deadline }, at);
            }
        }
        Event::AttemptApproved { ticket, attempt, .. } => {
            if let Some((approved, open)) = open_attempt(board, *ticket, *attempt) {
                approved.extend(open.evidence.iter().flat_map(|evidence| evidence.protected.clone()));
                enter(open, Stage::Collected, at);
            }
        }
        Event::AttemptQueued { ticket, attempt } => {
            let Some((_, open)) = open_attempt(board, *ticket, *attempt) else { return };
            enter(open, Stage::Queued, at);
            let item = Item::Attempt { ticket: *ticket, attempt: *attempt };
            let Some(ticket) = board.tickets.get(ticket) else { return };
            let Some(session) = board.sessions.get_mut(&ticket.session) else { return };
            // Who resolved a conflict goes first: behind others it would meet the next one.
            if ticket.conflicts > 0 {
                session.queue.push_front(item);
            } else {
                session.queue.push_back(item);
            }
        }
        Event::AttemptDelayed { ticket, attempt, tries, until, why } => {
            if let Some((_, open)) = open_attempt(board, *ticket, *attempt) {
                open.delay = Some(Delay { tries: *tries, until: *until, why: why.clone() });
            }
        }
        _ => {}
    }
}

pub(super) fn enter(attempt: &mut Attempt, stage: Stage, at: Timestamp) {
    attempt.stage = stage;
    attempt.since = at;
    attempt.delay = None;
}
