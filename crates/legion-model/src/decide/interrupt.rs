//! Interrupt: the turn ends, the conversation stays, and goes on with a message if one is given.

use super::{Decision, gone};
use crate::body::Body;
use crate::command::Answer;
use crate::event::Event;
use crate::ids::{AgentId, MessageId, Party, RunId};
use crate::message::{MessageKind, Urgency};
use crate::organisation::Organisation;
use crate::process::StopReason;
use crate::run::Outcome;

pub(super) fn interrupt(
    state: &Organisation,
    by: Party,
    agent: AgentId,
    message: MessageId,
    body: Option<&Body>,
    bytes: u64,
) -> Decision {
    if !state.agents.contains_key(&agent) {
        return Err(gone(state, agent));
    }
    let mut events = Vec::new();
    let run = end_turn(state, by, agent, &mut events);
    if body.is_none() {
        hold(state, agent, &mut events);
    }
    if let Some(body) = body {
        super::tell::check_text(state, "message", body, bytes)?;
        super::tell::check_queue(state, agent.into())?;
        events.push(Event::MessageAccepted {
            message,
            from: by,
            from_name: state.name(by),
            to: agent.into(),
            message_kind: MessageKind::Redirect,
            body: body.clone(),
            urgency: Urgency::First,
            by: None,
            approval: None,
        });
    }
    Ok((events, Answer::Interrupted { run, message: body.map(|_| message) }))
}

/// The panic button: every turn below the caller ends.
pub(super) fn interrupt_all(state: &Organisation, by: Party) -> Decision {
    let mut events = Vec::new();
    let mut agents = Vec::new();
    for agent in state.subtree(by) {
        if end_turn(state, by, agent, &mut events).is_some() {
            agents.push(agent);
        }
        hold(state, agent, &mut events);
    }
    Ok((events, Answer::InterruptedAll { agents }))
}

fn end_turn(state: &Organisation, by: Party, agent: AgentId, events: &mut Vec<Event>) -> Option<RunId> {
    let agent = state.agents.get(&agent)?;
    let run = agent.run.as_ref()?;
    if run.ending.is_none() {
        events.push(Event::RunEnding {
            agent: agent.id,
            run: run.id,
            outcome: Outcome::Interrupted,
            why: format!("interrupted by {}", state.name(by)),
            by: Some(by),
            // A driver whose turn cannot be ended alone is interrupted by ending its process.
            stop: !agent.spec.driver.capabilities().interrupts,
        });
        if !agent.spec.driver.capabilities().interrupts {
            events.extend(super::facts::stop(state, run.process, StopReason::Run));
        }
    }
    Some(run.id)
}

/// What waits for it, or comes by itself such as a report, opens no run until somebody tells it something.
fn hold(state: &Organisation, agent: AgentId, events: &mut Vec<Event>) {
    let Some(held) = state.agents.get(&agent).filter(|agent| !agent.held) else { return };
    if held.run.is_some() || held.has_mail() {
        events.push(Event::AgentHeld { agent });
    }
}
