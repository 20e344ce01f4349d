//! The end of a run: its outcome, what becomes of its messages, and the report to the parent, in one batch.

use jiff::Timestamp;

use super::fire::notice;
use crate::agent::Agent;
use crate::body::{Body, clip};
use crate::event::Event;
use crate::ids::{InjectionId, MessageId, Party, derived};
use crate::message::{MessageKind, Urgency};
use crate::money::MicroUsd;
use crate::organisation::Organisation;
use crate::run::{Outcome, Usage};

/// How the reason of a message begins that was given up because its reader died of it, or before it, each time.
pub(crate) const NEVER_TAKEN_BEGIN: &str = "handed over";
/// Bytes of a result that a report carries.
const REPORT_BYTES_MAX: usize = 12 * 1024;

pub(crate) struct EndOfRun {
    pub outcome: Outcome,
    pub result: Body,
    pub error: Option<String>,
    pub exit_code: Option<i32>,
    /// Of the last turn.
    pub usage: Usage,
    /// Of the last turn.
    pub cost: Option<MicroUsd>,
    pub cost_total: Option<MicroUsd>,
    /// Of the last turn.
    pub turns: Option<u32>,
    /// Messages that were handed over and never seen wait again; otherwise the caller settles them.
    pub return_unseen: bool,
    /// Writes that are recorded as seen in this same batch.
    pub seen: Vec<InjectionId>,
    pub tell_parent: bool,
    /// Who ended it, when somebody did.
    pub by: Option<Party>,
}

/// Events that end the open run of `agent`.
pub(crate) fn end_run(state: &Organisation, at: Timestamp, agent: &Agent, end: EndOfRun) -> Vec<Event> {
    let Some(run) = &agent.run else { return Vec::new() };
    let mut usage = run.usage;
    usage += end.usage;
    let cost = match (run.cost, end.cost) {
        (Some(a), Some(b)) => Some(a + b),
        (a, b) => a.or(b),
    };
    let turns = match (run.turns, end.turns) {
        (Some(a), Some(b)) => Some(a.saturating_add(b)),
        (a, b) => a.or(b),
    };
    let mut events = vec![Event::RunEnded {
        agent: agent.id,
        run: run.id,
        outcome: end.outcome,
        result: end.result.clone(),
        error: end.error.clone(),
        exit_code: end.exit_code,
        usage,
        cost,
        cost_total: end.cost_total,
        turns,
    }];
    if end.return_unseen {
        events.extend(returned(state, agent, &end.seen));
    }
    if end.tell_parent && !works_for_ticket(state, agent) {
        events.push(report(state, at, agent, &end));
    }
    events
}

/// Who dispatched a ticket hears how the ticket ends, not of each run that was needed for it. What an agent is told after its
/// attempt is over is another matter.
fn works_for_ticket(state: &Organisation, agent: &Agent) -> bool {
    let board = &state.board;
    board
        .posts
        .get(&agent.id)
        .is_some_and(|post| post.review.is_some() || board.by_attempt(post.ticket, post.attempt).is_some())
}

/// Messages that were handed over in this run and never seen: they wait again in their old order, or are given up.
fn returned(state: &Organisation, agent: &Agent, seen: &[InjectionId]) -> Vec<Event> {
    let Some(run) = &agent.run else { return Vec::new() };
    // At most one write of an agent is unseen, and it holds its messages in order. Times cannot tell: many may share one.
    let messages: Vec<_> = run
        .unseen
        .iter()
        .filter(|(injection, _)| !seen.contains(injection))
        .flat_map(|(_, messages)| messages)
        .filter_map(|id| state.messages.get(id))
        .collect();
    // Each goes to the front: the last one first.
    let mut events = Vec::new();
    for message in messages.into_iter().rev() {
        if message.attempts < state.bounds.attempts_max {
            events.push(Event::MessageReturned { message: message.id });
            continue;
        }
        let text = format!(
            "A message from {} to {} was handed over {} times and never taken; it is given up. It said: {}",
            state.called(message.from),
            state.called(agent.id.into()),
            message.attempts,
            clip(message.body.head(), 200),
        );
        events.push(Event::MessageExpired {
            message: message.id,
            reason: format!("{NEVER_TAKEN_BEGIN} {} times and never taken", message.attempts),
        });
        events.push(notice(
            MessageId(derived(message.id.0, "given-up", 0)),
            agent.id.into(),
            &agent.name,
            Party::Root,
            text,
        ));
    }
    events
}

/// The parent's message about the end of a run. It does not depend on the agent's goodwill.
fn report(state: &Organisation, at: Timestamp, agent: &Agent, end: &EndOfRun) -> Event {
    let run = agent.run.as_ref().expect("the caller ends an open run");
    let seconds = at.duration_since(run.started_at).as_secs_f64().max(0.0);
    let mut text = format!(
        "{} {} its run {} after {seconds:.1} s.",
        state.called(agent.id.into()),
        ended(end.outcome),
        run.number
    );
    if let Some(error) = &end.error {
        text.push_str(&format!("\nReason: {error}"));
    }
    if let Some(cost) = end.cost.map(|cost| cost + run.cost.unwrap_or_default()) {
        text.push_str(&format!("\nCost: {cost}"));
    }
    let result = end.result.head();
    if !result.is_empty() {
        text.push_str("\n\n");
        text.push_str(&clip(result, REPORT_BYTES_MAX));
    }
    // A parent that ended the run itself knows; it need not be woken for it.
    let urgency =
        if end.by == Some(agent.parent) && agent.parent != Party::Root { Urgency::WithNext } else { Urgency::Queue };
    Event::MessageAccepted {
        message: MessageId(derived(run.id.0, "report", 0)),
        from: agent.id.into(),
        from_name: agent.name.clone(),
        to: agent.parent,
        message_kind: MessageKind::Report,
        body: Body::Text(text),
        urgency,
        by: None,
        approval: None,
    }
}

fn ended(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Completed => "completed",
        Outcome::Failed => "failed in",
        Outcome::Interrupted => "was interrupted in",
        Outcome::Limit => "was ended by a limit in",
        Outcome::Killed => "was killed in",
    }
}
