//! Tell: a message is accepted into the recipient's queue.

use jiff::Timestamp;

use super::{Decision, gone};
use crate::body::Body;
use crate::command::Answer;
use crate::event::Event;
use crate::ids::{MessageId, Party};
use crate::message::{MessageKind, Urgency};
use crate::organisation::Organisation;
use crate::refusal::{Refusal, RefusalKind};

pub(super) struct Letter<'a> {
    pub message: MessageId,
    pub to: Party,
    pub body: &'a Body,
    pub bytes: u64,
    pub now: bool,
    pub deadline: Option<Timestamp>,
}

pub(super) fn tell(state: &Organisation, by: Party, at: Timestamp, letter: &Letter<'_>) -> Decision {
    check_recipient(state, letter.to)?;
    if by == letter.to {
        return Err(Refusal::new(RefusalKind::Invalid, "a member cannot tell itself something"));
    }
    check_text(state, "message", letter.body, letter.bytes)?;
    check_queue(state, letter.to)?;
    if letter.deadline.is_some_and(|deadline| deadline <= at) {
        return Err(Refusal::new(RefusalKind::Invalid, "the deadline of the message lies in the past"));
    }
    let urgency = if letter.now { Urgency::Now } else { Urgency::Queue };
    let event = Event::MessageAccepted {
        message: letter.message,
        from: by,
        from_name: state.name(by),
        to: letter.to,
        message_kind: MessageKind::Tell,
        body: letter.body.clone(),
        urgency,
        by: letter.deadline,
        approval: None,
    };
    Ok((vec![event], Answer::Told { message: letter.message }))
}

/// Refuses a recipient that is not there.
pub(super) fn check_recipient(state: &Organisation, to: Party) -> Result<(), Refusal> {
    match to {
        Party::Agent(id) if !state.agents.contains_key(&id) => Err(gone(state, id)),
        _ => Ok(()),
    }
}

/// Refuses an empty or too long text.
pub(super) fn check_text(state: &Organisation, what: &str, body: &Body, bytes: u64) -> Result<(), Refusal> {
    if body.head().trim().is_empty() {
        return Err(Refusal::new(RefusalKind::Invalid, format!("the {what} is empty")));
    }
    let max = state.bounds.text_bytes_max;
    if bytes > max {
        return Err(Refusal::new(
            RefusalKind::TooLarge,
            format!("the {what} has {bytes} bytes; at most {max} are allowed"),
        )
        .hint("put the long part into a file and name the file"));
    }
    Ok(())
}

/// Refuses when too much waits for the recipient.
pub(super) fn check_queue(state: &Organisation, to: Party) -> Result<(), Refusal> {
    let Some(agent) = to.agent().and_then(|id| state.agents.get(&id)) else { return Ok(()) };
    if agent.queue.len() >= state.bounds.queue_max {
        return Err(Refusal::new(
            RefusalKind::Busy,
            format!("{} messages wait for {} already", agent.queue.len(), state.called(to)),
        )
        .hint("wait until it has worked some off, or interrupt it"));
    }
    Ok(())
}
