//! Orders about tickets that are there: stop, retry, delete, let through, report.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{conflict, invalid, not_found, one_by_one};
use crate::authority::{Verb, authorise};
use crate::body::{Body, clip};
use crate::command::{Answer, TicketOrder};
use crate::decide::Decision;
use crate::event::Event;
use crate::ids::Party;
use crate::organisation::Organisation;
use crate::refusal::{Refusal, RefusalKind};
use crate::tickets::attempt::Stage;
use crate::tickets::board::Board;
use crate::tickets::classify::ErrorClass;
use crate::tickets::landing::{Item, Landing};
use crate::tickets::names::TicketId;
use crate::tickets::rules;
use crate::tickets::spec::TicketChanges;
use crate::tickets::ticket::{Phase, Ticket, TicketOutcome};

/// Bytes of a summary that a ticket keeps.
const SUMMARY_BYTES_MAX: usize = 2 * 1024;

pub(super) fn decide(state: &Organisation, by: Party, at: Timestamp, order: &TicketOrder) -> Decision {
    match order {
        TicketOrder::Stop { tickets } => stop(state, by, at, tickets),
        TicketOrder::StopAll { session } => {
            if let Some(session) = session {
                super::sessions::find(&state.board, session)?;
            }
            let of = |ticket: &&Ticket| session.as_ref().is_none_or(|session| ticket.session == *session);
            let mine = |ticket: &&Ticket| authorise(state, by, Verb::StopTicket, ticket.id).is_ok();
            let unfinished = state.board.tickets.values().filter(|ticket| !ticket.is_closed());
            let open: Vec<TicketId> = unfinished.filter(of).filter(mine).map(|ticket| ticket.id).collect();
            let mut stopped = Vec::new();
            let events = one_by_one(state, at, &open, |state, ticket| {
                // What is being moved this instant is as good as merged.
                if check_not_moving(state, ticket).is_err() {
                    return Ok(Vec::new());
                }
                stopped.push(ticket.id);
                Ok(rules::stop(state, at, ticket, stopped_by(state, by), Some(by)))
            })?;
            Ok((events, Answer::Tickets { tickets: stopped }))
        }
        TicketOrder::Retry { ticket, feedback, changes } => retry(state, by, *ticket, feedback.as_ref(), changes),
        TicketOrder::Delete { ticket, dependents } => delete(state, by, at, *ticket, *dependents),
        TicketOrder::DecideHeld { ticket, approve, reason } => {
            decide_held(state, by, at, *ticket, *approve, reason.as_deref())
        }
        TicketOrder::Report { done, summary } => report(state, by, *done, summary),
        _ => unreachable!("the caller sorts the orders"),
    }
}

pub(super) fn find(state: &Organisation, id: TicketId) -> Result<&Ticket, Refusal> {
    state.board.tickets.get(&id).ok_or_else(|| match state.board.deleted.get(&id) {
        Some(title) => not_found(format!("ticket {id} `{}` was deleted", clip(title, 80)))
            .hint(format!("`legion undelete {}` brings its files back", id.0)),
        None => not_found(format!("there is no ticket {id}")).hint("`legion check` lists the tickets"),
    })
}

/// Refuses while the very next thing is the target's move: it is decided, and takes an instant.
pub(super) fn check_not_moving(state: &Organisation, ticket: &Ticket) -> Result<(), Refusal> {
    let Some(attempt) = ticket.attempt() else { return Ok(()) };
    let landing = state.board.sessions.get(&ticket.session).and_then(|session| session.landing.as_ref());
    match landing {
        Some(landing) if matches!(landing.item, Item::Attempt { attempt: landed, .. } if landed == attempt.id) => {
            check_not_green(&state.board, landing, &ticket.called())
        }
        _ => Ok(()),
    }
}

/// The same of a landing, whatever it brings; `called` names that.
pub(super) fn check_not_green(board: &Board, landing: &Landing, called: &str) -> Result<(), Refusal> {
    if !rules::is_green(board, landing) {
        return Ok(());
    }
    Err(Refusal::new(RefusalKind::Busy, format!("{called} is being merged at this instant"))
        .hint("ask again: it is merged by then"))
}

fn stopped_by(state: &Organisation, by: Party) -> String {
    format!("stopped by {}", state.name(by))
}

fn stop(state: &Organisation, by: Party, at: Timestamp, ids: &[TicketId]) -> Decision {
    let ids: BTreeSet<TicketId> = ids.iter().copied().collect();
    let ids: Vec<TicketId> = ids.into_iter().collect();
    for id in &ids {
        let ticket = find(state, *id)?;
        if ticket.is_closed() {
            return Err(conflict(format!("{} is {} already", ticket.called(), state.board.status(ticket).as_str())));
        }
    }
    let events = one_by_one(state, at, &ids, |state, ticket| {
        check_not_moving(state, ticket)?;
        Ok(rules::stop(state, at, ticket, stopped_by(state, by), Some(by)))
    })?;
    Ok((events, Answer::Tickets { tickets: ids }))
}

fn retry(state: &Organisation, by: Party, id: TicketId, feedback: Option<&Body>, changes: &TicketChanges) -> Decision {
    let ticket = find(state, id)?;
    super::sessions::active(&state.board, &ticket.session)?;
    match &ticket.phase {
        Phase::Open(_) => {
            return Err(conflict(format!("{} is being worked on", ticket.called())).hint(format!(
                "`legion why {}` says who moves next; `legion tell` its agent, or `legion stop {}` first",
                id.0, id.0
            )));
        }
        Phase::Closed { outcome: TicketOutcome::Done { .. }, .. } => {
            return Err(conflict(format!("{} is merged", ticket.called()))
                .hint("dispatch a new ticket for what is still to do"));
        }
        Phase::Queued { not_before: None } if feedback.is_none() && *changes == TicketChanges::default() => {
            return Err(conflict(format!("{} is queued already", ticket.called())));
        }
        _ => {}
    }
    if let Some(deleted) = lost_upstream(state, ticket) {
        return Err(conflict(format!(
            "{} waits for {deleted}, which was deleted before it was merged",
            ticket.called()
        ))
        .hint("delete this one, and dispatch it anew after what there is now"));
    }
    let mut spec = ticket.spec.clone();
    changes.apply(&mut spec);
    super::add::check_spec(state, &ticket.called(), &spec)?;
    let spec = (spec != ticket.spec).then(|| Box::new(spec));
    let mut events = vec![Event::TicketReopened { ticket: id, spec, feedback: feedback.cloned(), by }];
    let mut reopened = vec![id];
    // Those that were skipped because of it wait again.
    let mut open = vec![id];
    while let Some(upstream) = open.pop() {
        for waiting in state.board.dependents_of(upstream).filter_map(|id| state.board.tickets.get(&id)) {
            let because = matches!(
                &waiting.phase,
                Phase::Closed { outcome: TicketOutcome::Skipped { because }, .. } if *because == upstream
            );
            if because && !reopened.contains(&waiting.id) && lost_upstream(state, waiting).is_none() {
                events.push(Event::TicketReopened { ticket: waiting.id, spec: None, feedback: None, by });
                reopened.push(waiting.id);
                open.push(waiting.id);
            }
        }
    }
    Ok((events, Answer::Tickets { tickets: reopened }))
}

/// One that it waits for and that nobody can mend any more.
fn lost_upstream(state: &Organisation, ticket: &Ticket) -> Option<TicketId> {
    state.board.unmet(ticket).find(|upstream| !state.board.tickets.contains_key(upstream))
}

fn delete(state: &Organisation, by: Party, at: Timestamp, id: TicketId, dependents: bool) -> Decision {
    find(state, id)?;
    let mut doomed = vec![id];
    let mut next = 0;
    while next < doomed.len() {
        let ticket = find(state, doomed[next])?;
        next += 1;
        // Those that wait for it may be somebody else's.
        authorise(state, by, Verb::DeleteTicket, ticket.id)?;
        if ticket.is_done() {
            continue;
        }
        let waiting: Vec<TicketId> = state
            .board
            .dependents_of(ticket.id)
            .filter(|id| !doomed.contains(id) && state.board.tickets.get(id).is_some_and(|ticket| !ticket.is_closed()))
            .collect();
        if !waiting.is_empty() && !dependents {
            let names: Vec<String> = waiting.iter().map(ToString::to_string).take(20).collect();
            return Err(conflict(format!("{} is waited for by {}", ticket.called(), names.join(", ")))
                .hint("add `--dependents` to delete those, too; or retry it"));
        }
        doomed.extend(waiting);
    }
    let backwards: Vec<TicketId> = doomed.iter().rev().copied().collect();
    let events = one_by_one(state, at, &backwards, |state, ticket| {
        let why = format!("deleted by {}", state.name(by));
        end_for_good(state, by, at, ticket, why)
    })?;
    Ok((events, Answer::Tickets { tickets: doomed }))
}

/// Deletes a ticket, wherever it stands. Its files are secured.
pub(super) fn end_for_good(
    state: &Organisation,
    by: Party,
    at: Timestamp,
    ticket: &Ticket,
    why: String,
) -> Result<Vec<Event>, Refusal> {
    let mut events = if ticket.is_closed() {
        let mut events = rules::dismiss_reviewers(state, at, ticket);
        events.extend(rules::dismiss_worker(state, at, ticket));
        events
    } else {
        check_not_moving(state, ticket)?;
        rules::stop(state, at, ticket, why, Some(by))
    };
    events.push(Event::TicketDeleted { ticket: ticket.id, by });
    Ok(events)
}

fn decide_held(
    state: &Organisation,
    by: Party,
    at: Timestamp,
    id: TicketId,
    approve: bool,
    reason: Option<&str>,
) -> Decision {
    let ticket = find(state, id)?;
    let Some(attempt) = ticket.attempt().filter(|attempt| matches!(attempt.stage, Stage::Held { .. })) else {
        return Err(conflict(format!("{} does not wait for a decision", ticket.called()))
            .hint(format!("`legion why {}` says what it waits for", id.0)));
    };
    let events = if approve {
        vec![Event::AttemptApproved { ticket: id, attempt: attempt.id, by }]
    } else {
        let detail = format!(
            "Your changes to protected files were not let through{}. Undo them.",
            reason.map(|reason| format!(": {reason}")).unwrap_or_default()
        );
        let why = "its changes to protected files were not let through".to_owned();
        rules::fail(state, at, ticket, ErrorClass::Task, why, Some(Body::Text(clip(&detail, SUMMARY_BYTES_MAX))))
    };
    Ok((events, Answer::Done))
}

fn report(state: &Organisation, by: Party, done: bool, summary: &Body) -> Decision {
    let Some(post) = by.agent().and_then(|agent| state.board.posts.get(&agent)) else {
        return Err(invalid(format!("{} was not hired for a ticket: there is nothing to report on", state.called(by)))
            .hint("`legion tell` reaches other members"));
    };
    let late = || conflict(format!("the attempt at ticket {} that you were hired for is over", post.ticket));
    let ticket = state.board.by_attempt(post.ticket, post.attempt).ok_or_else(late)?;
    let attempt = ticket.attempt().ok_or_else(late)?;
    let event = match post.review {
        None if attempt.stage == Stage::Running => Event::AttemptReported {
            ticket: ticket.id,
            attempt: attempt.id,
            done,
            summary: clip(summary.head(), SUMMARY_BYTES_MAX),
        },
        Some(step) if attempt.open_review().is_some_and(|review| review.step == step) => Event::ReviewGiven {
            ticket: ticket.id,
            attempt: attempt.id,
            step,
            approved: done,
            summary: summary.clone(),
        },
        _ => return Err(late()),
    };
    Ok((vec![event], Answer::Done))
}
