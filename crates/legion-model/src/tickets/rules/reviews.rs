//! What was taken in: the steps of the team, protected paths, the merge queue.

use jiff::Timestamp;

use super::endings::{dismiss, fail, letter, stop};
use super::running::is_at_rest;
use crate::body::{Body, clip};
use crate::decide;
use crate::event::Event;
use crate::ids::{AgentId, MessageId, Party, derived};
use crate::message::{MessageKind, Urgency};
use crate::organisation::Organisation;
use crate::run::Outcome;
use crate::tickets::attempt::Attempt;
use crate::tickets::classify::{ErrorClass, classify};
use crate::tickets::place::PlaceKey;
use crate::tickets::ticket::Ticket;

/// It was taken in, or the step before was passed: what comes next.
pub(in crate::tickets) fn collected(
    state: &Organisation,
    at: Timestamp,
    ticket: &Ticket,
    attempt: &Attempt,
) -> Vec<Event> {
    let queue = || vec![Event::AttemptQueued { ticket: ticket.id, attempt: attempt.id }];
    let Some(evidence) = &attempt.evidence else { return queue() };
    if !evidence.changed {
        if ticket.spec.checkpoint {
            return queue();
        }
        let why = "nothing was changed: there is no commit and no file that differs".to_owned();
        return fail(state, at, ticket, ErrorClass::Task, why, None);
    }
    if let Some((false, summary)) = attempt.reviews.last().and_then(|review| review.verdict.as_ref()) {
        let role = attempt.reviews.last().map(|review| review.role.clone()).unwrap_or_default();
        return fail(state, at, ticket, ErrorClass::Task, format!("{role} sent it back"), Some(summary.clone()));
    }
    let step = attempt.reviews.len();
    if let Some(role) = state.board.judges(ticket).get(step) {
        let place = PlaceKey::of_review(&ticket.session, ticket.id, attempt.number, step + 1);
        return vec![Event::ReviewBegan {
            ticket: ticket.id,
            attempt: attempt.id,
            step: step as u32,
            role: role.id.clone(),
            agent: AgentId(derived(attempt.id.0, "reviewer", step as u64)),
            place,
        }];
    }
    let changes: Vec<_> = evidence.protected.difference(&ticket.approved).cloned().collect();
    if changes.is_empty() {
        return queue();
    }
    let paths: Vec<&str> = changes.iter().map(|change| change.path.as_str()).take(20).collect();
    let text = format!(
        "{} changes protected files: {}{}. It waits for you: `legion approve {}` or `legion deny {}`; `legion diff {}` shows it.",
        ticket.called(),
        paths.join(", "),
        if changes.len() > paths.len() { " …" } else { "" },
        ticket.id.0,
        ticket.id.0,
        ticket.id.0,
    );
    let message = MessageId(derived(attempt.id.0, "held", 0));
    let deadline = decide::after(at, state.bounds.held_ms);
    vec![
        Event::AttemptHeld { ticket: ticket.id, attempt: attempt.id, changes, deadline },
        letter(message, ticket.by, state, Party::Root, MessageKind::Notice, text, Urgency::Queue),
    ]
}

/// A reviewer that came to rest without a verdict is reminded once; a program's exit code is its verdict.
pub(in crate::tickets) fn reviewed(
    state: &Organisation,
    at: Timestamp,
    ticket: &Ticket,
    attempt: &Attempt,
) -> Vec<Event> {
    let Some(review) = attempt.open_review().filter(|review| review.prepared) else { return Vec::new() };
    let given = |approved: bool, summary: Body| Event::ReviewGiven {
        ticket: ticket.id,
        attempt: attempt.id,
        step: review.step,
        approved,
        summary,
    };
    let Some(agent) = state.agents.get(&review.agent) else {
        let why = format!("the agent for the step `{}` was fired", review.role);
        return stop(state, at, ticket, why, None);
    };
    if agent.held || !is_at_rest(state, agent.id) {
        return Vec::new();
    }
    let last = agent.last_run.as_ref().filter(|run| run.started_at >= attempt.since);
    let mut events = match last {
        Some(last) if !agent.spec.driver.capabilities().converses => {
            let approved = last.outcome == Outcome::Completed;
            let said = last.result.head();
            let summary = if said.is_empty() { last.error.clone().unwrap_or_default() } else { said.to_owned() };
            vec![given(approved, Body::Text(clip(&summary, Body::INLINE_BYTES_MAX / 2)))]
        }
        Some(_) if !review.reminded => {
            let text = "[legion] You ended without a verdict. Call the tool `legion-report` with status `done` if it passes, or \
                        `error` and what must change."
                .to_owned();
            let message = MessageId(derived(review.agent.0, "remind", 0));
            return vec![
                Event::ReviewReminded { ticket: ticket.id, attempt: attempt.id, step: review.step },
                letter(message, ticket.by, state, agent.id.into(), MessageKind::Task, text, Urgency::Queue),
            ];
        }
        _ => {
            let class = last.map_or(ErrorClass::Fatal, |last| classify(last.outcome, last.error.as_deref(), true));
            let why = format!("the step `{}` gave no verdict", review.role);
            let class = if class == ErrorClass::Task { ErrorClass::Fatal } else { class };
            return fail(state, at, ticket, class, why, None);
        }
    };
    events.extend(dismiss(state, at, review.agent, &review.place));
    events
}

/// A reviewer whose verdict is there goes when it has come to rest: it gave it from within its own run.
pub(in crate::tickets) fn dismiss_reviewer(state: &Organisation, at: Timestamp) -> Vec<Event> {
    let board = &state.board;
    for (agent, post) in &board.posts {
        let Some(step) = post.review else { continue };
        let open = board.by_attempt(post.ticket, post.attempt).and_then(Ticket::attempt);
        let owes = open.and_then(Attempt::open_review).is_some_and(|review| review.step == step);
        if !owes && state.agents.contains_key(agent) && is_at_rest(state, *agent) {
            let place = board.places.values().find(|place| place.agent == Some(*agent)).map(|place| place.key.clone());
            return match place {
                Some(place) => dismiss(state, at, *agent, &place),
                None => {
                    decide::fire(state, Party::Root, at, *agent, false).map(|(events, _)| events).unwrap_or_default()
                }
            };
        }
    }
    Vec::new()
}
