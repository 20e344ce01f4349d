//! Deadlines that came. Each is checked again here: what was due may have happened in the meantime.

use jiff::Timestamp;

use super::facts::{after, stop};
use super::fire::notice;
use crate::agent::Agent;
use crate::approval::Verdict;
use crate::body::clip;
use crate::command::Order;
use crate::event::Event;
use crate::ids::{AgentId, MessageId, Party, RunId, derived};
use crate::message::MessageState;
use crate::organisation::Organisation;
use crate::process::StopReason;
use crate::run::{Outcome, Run};

pub(super) fn due(state: &Organisation, at: Timestamp, order: &Order) -> Vec<Event> {
    match order {
        Order::RunTimeUp { run, agent } => run_time_up(state, at, *agent, *run),
        Order::InterruptTimeUp { run, agent } => interrupt_time_up(state, at, *agent, *run),
        Order::MessageTimeUp { message } => message_time_up(state, at, *message),
        Order::ApprovalTimeUp { approval } => {
            let due = state.approvals.get(approval).is_some_and(|open| open.deadline <= at);
            let reason = "nobody decided in time".to_owned();
            if due {
                super::settle_approval(state, *approval, Verdict::Expired, None, Some(reason))
            } else {
                Vec::new()
            }
        }
        Order::WarmTimeUp { process } => match state.processes.get(process) {
            Some(known) if known.idle_since.is_some() => stop(state, *process, StopReason::Warm),
            _ => Vec::new(),
        },
        Order::Suspect { run, agent, why } => match open_run(state, *agent, *run) {
            Some((agent, open)) if open.suspect.is_none() => {
                let told = MessageId(derived(run.0, "suspect", state.version));
                let text = format!("{} is under suspicion: {why}. It is being probed.", state.called(agent.id.into()));
                vec![
                    Event::RunSuspected { agent: agent.id, run: *run, why: why.clone() },
                    notice(told, agent.id.into(), &agent.name, agent.parent, text),
                ]
            }
            _ => Vec::new(),
        },
        Order::Clear { run, agent } => match open_run(state, *agent, *run) {
            Some((agent, open)) if open.suspect.is_some() => vec![Event::RunCleared { agent: agent.id, run: *run }],
            _ => Vec::new(),
        },
        Order::Hung { run, agent, why } => match open_run(state, *agent, *run) {
            Some((agent, open)) if open.suspect.is_some() => {
                ending(state, agent, open, Outcome::Killed, why.clone(), true)
            }
            _ => Vec::new(),
        },
        Order::Stop { process, reason } => stop(state, *process, *reason),
        _ => Vec::new(),
    }
}

fn open_run(state: &Organisation, agent: AgentId, run: RunId) -> Option<(&Agent, &Run)> {
    let agent = state.agents.get(&agent)?;
    Some((agent, agent.run.as_ref().filter(|open| open.id == run)?))
}

fn run_time_up(state: &Organisation, at: Timestamp, agent: AgentId, run: RunId) -> Vec<Event> {
    let Some((agent, open)) = open_run(state, agent, run) else { return Vec::new() };
    let due = open.deadline.is_some_and(|deadline| deadline <= at);
    if !due || open.ending.is_some() {
        return Vec::new();
    }
    let seconds = agent.spec.limits.seconds.unwrap_or_default();
    ending(state, agent, open, Outcome::Limit, format!("its time of {seconds} s was up"), false)
}

/// The turn did not end when it was asked to: its process is stopped.
fn interrupt_time_up(state: &Organisation, at: Timestamp, agent: AgentId, run: RunId) -> Vec<Event> {
    let Some((agent, open)) = open_run(state, agent, run) else { return Vec::new() };
    let Some(asked) = &open.ending else { return Vec::new() };
    if asked.stop || after(asked.at, state.bounds.interrupt_grace_ms) > at {
        return Vec::new();
    }
    let mut events = vec![Event::RunEnding {
        agent: agent.id,
        run,
        outcome: asked.outcome,
        why: asked.why.clone(),
        by: asked.by,
        stop: true,
    }];
    events.extend(stop(state, open.process, StopReason::Run));
    events
}

/// Ends a run from outside; the process too, when asked or when the driver cannot end a turn alone.
pub(crate) fn ending(
    state: &Organisation,
    agent: &Agent,
    run: &Run,
    outcome: Outcome,
    why: String,
    kill: bool,
) -> Vec<Event> {
    let stop_process = kill || !agent.spec.driver.capabilities().interrupts;
    let mut events =
        vec![Event::RunEnding { agent: agent.id, run: run.id, outcome, why, by: None, stop: stop_process }];
    if stop_process {
        events.extend(stop(state, run.process, StopReason::Run));
    }
    events
}

/// `tell --by`: nobody saw it in time. The sender and the recipient's parent are told.
fn message_time_up(state: &Organisation, at: Timestamp, id: MessageId) -> Vec<Event> {
    let Some(message) = state.messages.get(&id) else { return Vec::new() };
    let due = message.by.is_some_and(|by| by <= at);
    // On its way to the agent it can no longer be taken back; it counts when it is seen, or when it comes back.
    if !due || message.state != MessageState::Accepted {
        return Vec::new();
    }
    let mut events = vec![Event::MessageExpired { message: id, reason: "not seen by its deadline".to_owned() }];
    let above = message.to.agent().and_then(|agent| state.agents.get(&agent)).map(|agent| agent.parent);
    let mut told: Vec<Party> = vec![message.from];
    told.extend(above.filter(|above| *above != message.from));
    for (number, party) in told.into_iter().enumerate() {
        if party.agent().is_some_and(|agent| !state.agents.contains_key(&agent)) {
            continue;
        }
        let text = format!(
            "{} did not see a message of {} by its deadline; it is not delivered any more. It said: {}",
            state.called(message.to),
            state.called(message.from),
            clip(message.body.head(), 200),
        );
        let notice_id = MessageId(derived(id.0, "late", number as u64));
        events.push(notice(notice_id, message.to, &state.name(message.to), party, text));
    }
    events
}
