//! Attempts whose agent works, has come to rest, or is gone.

use jiff::Timestamp;

use super::endings::{dismiss_worker, fail, letter, stop};
use crate::body::{Body, clip};
use crate::event::Event;
use crate::ids::{AgentId, MessageId, derived};
use crate::message::{MessageKind, MessageState, Urgency};
use crate::organisation::Organisation;
use crate::run::Outcome;
use crate::tickets::attempt::Attempt;
use crate::tickets::classify::{ErrorClass, classify};
use crate::tickets::ticket::Ticket;

/// How often an agent that was cut off is told to go on in one attempt.
const CONTINUED_MAX: u32 = 5;

/// Its agent was fired: the ticket is stopped.
pub(in crate::tickets) fn gone_agent(
    state: &Organisation,
    at: Timestamp,
    ticket: &Ticket,
    attempt: &Attempt,
) -> Option<Vec<Event>> {
    // Before the first clone is ready the agent is not hired yet.
    let hired = !attempt.fresh || attempt.base.is_some();
    let agent = attempt.agent.filter(|agent| hired && !state.agents.contains_key(agent))?;
    let why = format!("its agent `{}` was fired", state.name(agent.into()));
    Some(stop(state, at, ticket, why, None))
}

/// Whether an agent and everybody below it have nothing to do.
pub(in crate::tickets) fn is_at_rest(state: &Organisation, agent: AgentId) -> bool {
    // What is only there for the next run opens none.
    let opens = |id: &MessageId| state.messages.get(id).is_some_and(|message| message.urgency != Urgency::WithNext);
    let rests = |id: AgentId| {
        let agent = state.agents.get(&id);
        agent.is_none_or(|agent| agent.run.is_none() && (agent.held || !agent.queue.iter().any(opens)))
    };
    // Most that are asked about work themselves: nobody below them has to be looked for.
    rests(agent) && state.subtree(agent.into()).into_iter().all(rests)
}

/// Until when an interrupted agent waits to be told how to go on. `None` when nobody interrupted it.
pub(crate) fn held_until(state: &Organisation, attempt: &Attempt) -> Option<Timestamp> {
    let agent = attempt.open_review().map(|review| review.agent).or(attempt.agent)?;
    let agent = state.agents.get(&agent).filter(|agent| agent.held)?;
    // However long it had worked before.
    let run = agent.run.as_ref().map(|run| run.ending.as_ref().map_or(run.started_at, |ending| ending.at));
    let since = run.or(agent.last_run.as_ref().map(|run| run.ended_at)).unwrap_or(attempt.since);
    Some(crate::decide::after(since.max(attempt.since), state.bounds.held_ms))
}

/// Whether the message with the task of an attempt was given up because its agent died each time before it had taken it.
fn task_was_lost(state: &Organisation, attempt: &Attempt, agent: AgentId) -> bool {
    let base = if attempt.fresh { agent.0 } else { attempt.id.0 };
    let task = state.messages.get(&MessageId(derived(base, "task", 0)));
    let reason = task.filter(|task| task.state == MessageState::Expired).and_then(|task| task.reason.as_deref());
    reason.is_some_and(|reason| reason.starts_with(crate::decide::NEVER_TAKEN_BEGIN))
}

pub(in crate::tickets) fn at_rest(
    state: &Organisation,
    at: Timestamp,
    ticket: &Ticket,
    attempt: &Attempt,
) -> Vec<Event> {
    if let Some(events) = gone_agent(state, at, ticket, attempt) {
        return events;
    }
    let Some(agent) = attempt.agent.and_then(|agent| state.agents.get(&agent)) else { return Vec::new() };
    // Interrupted by somebody: it waits to be told, until its deadline.
    if agent.held || !is_at_rest(state, agent.id) {
        return Vec::new();
    }
    if task_was_lost(state, attempt, agent.id) {
        // Whatever else it was told since, it never saw its task: somebody new gets the whole of it.
        let why = "its agent died three times before it had taken its task".to_owned();
        let mut events = fail(state, at, ticket, ErrorClass::Transient, why, None);
        events.extend(dismiss_worker(state, at, ticket));
        return events;
    }
    let Some(last) = agent.last_run.as_ref().filter(|run| run.started_at >= attempt.since) else {
        let why = "its agent could not begin: the message with its task was not taken".to_owned();
        return fail(state, at, ticket, ErrorClass::Fatal, why, None);
    };
    match last.outcome {
        Outcome::Completed => match &attempt.reported {
            Some((false, summary)) => {
                let why = "its agent says that it is not done".to_owned();
                fail(state, at, ticket, ErrorClass::Task, why, Some(Body::Text(summary.clone())))
            }
            _ => vec![Event::AttemptRan { ticket: ticket.id, attempt: attempt.id }],
        },
        Outcome::Interrupted if attempt.continued < CONTINUED_MAX => {
            let message = MessageId(derived(attempt.id.0, "continue", u64::from(attempt.continued)));
            let text = "[legion] Your work was cut off. Look at what is done, and go on with your ticket from there.";
            vec![
                Event::AttemptContinued { ticket: ticket.id, attempt: attempt.id },
                letter(message, ticket.by, state, agent.id.into(), MessageKind::Task, text.to_owned(), Urgency::Queue),
            ]
        }
        outcome => {
            let error = last.error.as_deref();
            let class =
                classify(outcome, error, last.exit_code.is_some() || last.error.as_deref().is_none_or(executed));
            let why = format!(
                "its agent {}{}",
                ended(outcome),
                error.map(|e| format!(": {}", clip(e, 400))).unwrap_or_default()
            );
            let said = last.result.head();
            let detail = if said.is_empty() { why.clone() } else { format!("{why}\n\n{said}") };
            fail(state, at, ticket, class, why, Some(Body::Text(clip(&detail, Body::INLINE_BYTES_MAX / 2))))
        }
    }
}

/// Whether the error of a run is about a program that ran.
pub(in crate::tickets) fn executed(error: &str) -> bool {
    !error.starts_with(crate::process::NOT_EXECUTED)
}

pub(in crate::tickets) fn ended(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Completed => "completed its run",
        Outcome::Failed => "failed",
        Outcome::Interrupted => "was interrupted",
        Outcome::Limit => "ran into a limit",
        Outcome::Killed => "was killed",
    }
}
