//! How attempts and tickets end, and who is told.

use jiff::Timestamp;

use crate::body::{Body, clip};
use crate::decide;
use crate::event::Event;
use crate::ids::{AgentId, AttemptId, MessageId, Party, derived};
use crate::message::{MessageKind, Urgency};
use crate::organisation::Organisation;
use crate::tickets::attempt::AttemptEnd;
use crate::tickets::classify::ErrorClass;
use crate::tickets::landing::Item;
use crate::tickets::place::PlaceKey;
use crate::tickets::ticket::{Ticket, TicketOutcome};

/// Failures that pass by themselves before a ticket is given up.
const TRANSIENTS_MAX: u32 = 8;

/// Conflicts before the person has to act: two for the author, one for a resolver.
const CONFLICTS_MAX: u32 = 3;

/// Bytes of a report to the dispatcher.
pub(in crate::tickets) const REPORT_BYTES_MAX: usize = 4 * 1024;

/// Fires an agent of a ticket and gives up its clone, which is secured before it is removed.
pub(in crate::tickets) fn dismiss(state: &Organisation, at: Timestamp, agent: AgentId, place: &PlaceKey) -> Vec<Event> {
    let mut events = Vec::new();
    if state.agents.contains_key(&agent)
        && let Ok((fired, _)) = decide::fire(state, Party::Root, at, agent, false)
    {
        events.extend(fired);
    }
    if state.board.places.get(place).is_some_and(|place| !place.released) {
        events.push(Event::PlaceReleased { place: place.clone() });
    }
    events
}

/// Ends the open attempt as failed: another one, when that can help, or the end of the ticket.
pub(in crate::tickets) fn fail(
    state: &Organisation,
    at: Timestamp,
    ticket: &Ticket,
    class: ErrorClass,
    why: String,
    detail: Option<Body>,
) -> Vec<Event> {
    let Some(attempt) = ticket.attempt() else { return Vec::new() };
    let seconds = |seconds: u64| decide::after(at, seconds * 1_000);
    let doubled = |first: u64, times: u32, most: u64| first.saturating_mul(1 << times.min(16)).min(most);
    let retry_at = match class {
        ErrorClass::Task if ticket.failures + 1 < ticket.spec.max_attempts => {
            Some(seconds(doubled(1, ticket.failures, 60)))
        }
        ErrorClass::Conflict if ticket.conflicts < CONFLICTS_MAX => Some(at),
        ErrorClass::Transient if ticket.transients < TRANSIENTS_MAX => {
            Some(seconds(doubled(5, ticket.transients, 300)))
        }
        ErrorClass::Quota if ticket.transients < TRANSIENTS_MAX => {
            Some(seconds(doubled(300, ticket.transients, 3_600)))
        }
        _ => None,
    };
    // A checkpoint without an agent judges the target: the same tree would get the same answer.
    let retry_at = retry_at.filter(|_| attempt.agent.is_some() || class == ErrorClass::Transient);
    let mut events = Vec::new();
    if let Some(review) = attempt.open_review() {
        events.extend(dismiss(state, at, review.agent, &review.place));
    }
    events.push(Event::AttemptEnded {
        ticket: ticket.id,
        attempt: attempt.id,
        end: AttemptEnd::Failed(class),
        why: why.clone(),
        detail,
        retry_at,
        by: None,
    });
    if retry_at.is_none() {
        events.extend(close(state, ticket, TicketOutcome::Error { class }, why, None));
    }
    events
}

/// Stops a ticket, whatever it is at. Its agents go; its files are secured. The caller has checked that it is not being moved.
pub(in crate::tickets) fn stop(
    state: &Organisation,
    at: Timestamp,
    ticket: &Ticket,
    why: String,
    by: Option<Party>,
) -> Vec<Event> {
    let mut events = dismiss_reviewers(state, at, ticket);
    if let Some(attempt) = ticket.attempt() {
        events.extend(drop_landing(state, attempt.id, &why));
        events.push(Event::AttemptEnded {
            ticket: ticket.id,
            attempt: attempt.id,
            end: AttemptEnd::Stopped,
            why: why.clone(),
            detail: None,
            retry_at: None,
            by,
        });
    }
    events.extend(close(state, ticket, TicketOutcome::Stopped, why, by));
    events.extend(dismiss_worker(state, at, ticket));
    events
}

/// Everybody who looks, or looked, at a ticket goes: also one that is still in the run in which it gave its verdict.
pub(in crate::tickets) fn dismiss_reviewers(state: &Organisation, at: Timestamp, ticket: &Ticket) -> Vec<Event> {
    let board = &state.board;
    let posts = board.posts.iter().filter(|(_, post)| post.ticket == ticket.id && post.review.is_some());
    let mut events = Vec::new();
    for (agent, _) in posts {
        if let Some(place) = board.places.values().find(|place| place.agent == Some(*agent)) {
            events.extend(dismiss(state, at, *agent, &place.key));
        }
    }
    events
}

/// The agent and the clone that the ticket would go on with are not needed any more.
pub(in crate::tickets) fn dismiss_worker(state: &Organisation, at: Timestamp, ticket: &Ticket) -> Vec<Event> {
    let mut events = Vec::new();
    if let Some(agent) = ticket.agent.filter(|agent| state.agents.contains_key(agent))
        && let Ok((fired, _)) = decide::fire(state, Party::Root, at, agent, false)
    {
        events.extend(fired);
    }
    if let Some(place) =
        ticket.place.as_ref().and_then(|key| state.board.places.get(key)).filter(|place| !place.released)
    {
        events.push(Event::PlaceReleased { place: place.key.clone() });
    }
    events
}

/// Ends the landing of an attempt that is being given up.
pub(in crate::tickets) fn drop_landing(state: &Organisation, attempt: AttemptId, why: &str) -> Option<Event> {
    state.board.sessions.values().find_map(|session| {
        let landing = session.landing.as_ref()?;
        matches!(landing.item, Item::Attempt { attempt: landed, .. } if landed == attempt).then(|| {
            Event::LandingEnded {
                session: session.name.clone(),
                landing: landing.id,
                moved: false,
                conflict: false,
                commit: None,
                tree: None,
                why: why.to_owned(),
            }
        })
    })
}

/// Closes a ticket, and tells who dispatched it.
pub(in crate::tickets) fn close(
    state: &Organisation,
    ticket: &Ticket,
    outcome: TicketOutcome,
    why: String,
    by: Option<Party>,
) -> Vec<Event> {
    let board = &state.board;
    let reader = match ticket.by {
        Party::Agent(agent) if !state.agents.contains_key(&agent) => Party::Root,
        reader => reader,
    };
    // This one is still counted.
    let unfinished = board.unfinished.get(&ticket.session).and_then(|counts| counts.get(&ticket.by));
    let left = unfinished.map_or(0, |count| count.saturating_sub(1));
    let done = matches!(outcome, TicketOutcome::Done { .. });
    let word = match &outcome {
        TicketOutcome::Done { commit, .. } if ticket.spec.checkpoint => format!("passed at {}", clip_oid(commit)),
        TicketOutcome::Done { commit, .. } => format!("is merged as {}", clip_oid(commit)),
        TicketOutcome::Error { class } => format!("failed ({})", class.as_str()),
        TicketOutcome::Stopped => "was stopped".to_owned(),
        TicketOutcome::Skipped { .. } => "was skipped".to_owned(),
    };
    let mut text = format!("{} {word}", ticket.called());
    if !done {
        text.push_str(&format!(": {}", clip(&why, REPORT_BYTES_MAX)));
    }
    text.push_str(&match left {
        0 => ". No ticket of yours is open any more.".to_owned(),
        1 => ". 1 ticket of yours is still open.".to_owned(),
        left => format!(". {left} tickets of yours are still open."),
    });
    let message = MessageId(derived(
        state.project.as_ref().map(|(project, _)| project.0).unwrap_or_default(),
        &format!("ticket/{}/closed", ticket.id.0),
        state.version,
    ));
    // A leader is woken for what needs it: a failure, or the end of the whole. The person reads when they like.
    let urgency = if done && left > 0 && reader != Party::Root { Urgency::WithNext } else { Urgency::Queue };
    let mut events = vec![Event::TicketClosed { ticket: ticket.id, outcome, why, by }];
    if by != Some(reader) {
        events.push(letter(
            message,
            ticket.agent.map_or(ticket.by, Party::Agent),
            state,
            reader,
            MessageKind::Report,
            text,
            urgency,
        ));
    }
    events
}

/// A word of the service to the person, unless the same words still wait to be read.
pub(in crate::tickets) fn notice(state: &Organisation, text: &str) -> Vec<Event> {
    if state.inbox(Party::Root).iter().any(|message| message.body.head() == text) {
        return Vec::new();
    }
    let project = state.project.as_ref().map(|(project, _)| project.0).unwrap_or_default();
    let message = MessageId(derived(project, "notice", state.version));
    let text = clip(text, REPORT_BYTES_MAX);
    vec![letter(message, Party::Root, state, Party::Root, MessageKind::Notice, text, Urgency::Queue)]
}

pub(in crate::tickets) fn clip_oid(oid: &str) -> &str {
    oid.get(..12).unwrap_or(oid)
}

pub(in crate::tickets) fn letter(
    message: MessageId,
    from: Party,
    state: &Organisation,
    to: Party,
    message_kind: MessageKind,
    text: String,
    urgency: Urgency,
) -> Event {
    Event::MessageAccepted {
        message,
        from,
        from_name: state.name(from),
        to,
        message_kind,
        body: Body::Text(text),
        urgency,
        by: None,
        approval: None,
    }
}
