//! What follows from a batch of events, in the same batch: runs that open, messages that are steered in, budgets that are used up.

use jiff::Timestamp;

use crate::agent::Agent;
use crate::decide;
use crate::event::Event;
use crate::ids::{AgentId, MessageId, Party};
use crate::message::{Message, Urgency};
use crate::organisation::Organisation;
use crate::run::Outcome;

/// Adds and applies what follows, until nothing does. `tickets`: the command was about tickets.
pub(crate) fn settle(state: &mut Organisation, at: Timestamp, events: &mut Vec<Event>, tickets: bool) {
    let mut spenders: Vec<AgentId> = events
        .iter()
        .filter_map(|event| match event {
            Event::RunEnded { agent, cost: Some(_), .. } | Event::TurnNoted { agent, cost: Some(_), .. } => {
                Some(*agent)
            }
            Event::AgentMetered { agent, .. } => Some(*agent),
            _ => None,
        })
        .collect();
    spenders.dedup();
    for spender in spenders {
        let over = over_budget(state, spender);
        add(state, at, events, over);
    }
    let addressed: Vec<AgentId> = events.iter().filter_map(steerable).collect();
    for agent in addressed {
        let steered = steer(state, at, agent);
        add(state, at, events, steered);
    }
    loop {
        let before = events.len();
        crate::tickets::rules::follow(state, at, events, tickets);
        if state.closing {
            return;
        }
        open_runs(state, at, events);
        if events.len() == before {
            return;
        }
    }
}

/// Opens a run of every agent that has mail and can begin.
fn open_runs(state: &mut Organisation, at: Timestamp, events: &mut Vec<Event>) {
    for agent in state.wanting.clone() {
        // One prompt may not hold all that is given up when nothing may be spent any more.
        loop {
            let opened = open_run(state, at, agent);
            if opened.is_empty() {
                break;
            }
            add(state, at, events, opened);
        }
    }
}

pub(crate) fn add(state: &mut Organisation, at: Timestamp, events: &mut Vec<Event>, more: Vec<Event>) {
    for event in more {
        state.apply(&event, at);
        events.push(event);
    }
}

fn over_budget(state: &Organisation, spender: AgentId) -> Vec<Event> {
    let mut events = Vec::new();
    for (id, holder) in state.over_budget(spender) {
        let Some(agent) = state.agents.get(&id) else { continue };
        let Some(run) = &agent.run else { continue };
        let why = format!("the budget of {} is used up", state.called(holder.into()));
        events.extend(decide::ending(state, agent, run, Outcome::Limit, why, false));
    }
    events
}

/// The agent whose steering an event may have made possible: a new message, or a write that was seen.
fn steerable(event: &Event) -> Option<AgentId> {
    match event {
        Event::MessageAccepted { to, urgency: Urgency::Now, .. } => to.agent(),
        Event::InjectionSeen { agent, .. } => Some(*agent),
        _ => None,
    }
}

/// Steers the next urgent message into an open run. At most one write of an agent is unseen at a time.
fn steer(state: &Organisation, at: Timestamp, id: AgentId) -> Vec<Event> {
    let Some(agent) = state.agents.get(&id) else { return Vec::new() };
    let Some(run) = &agent.run else { return Vec::new() };
    let stopping = state.processes.get(&run.process).is_none_or(|process| process.stopping.is_some());
    if !agent.spec.driver.capabilities().steers || run.ending.is_some() || !run.unseen.is_empty() || stopping {
        return Vec::new();
    }
    let next = deliverable(state, at, agent).find(|message| message.urgency == Urgency::Now);
    next.map(|message| Event::MessageSteered {
        agent: id,
        run: run.id,
        injection: id.injection(agent.injections + 1),
        message: message.id,
    })
    .into_iter()
    .collect()
}

/// Opens the next run of an agent that has mail, when it can begin now.
fn open_run(state: &Organisation, at: Timestamp, id: AgentId) -> Vec<Event> {
    let Some(agent) = state.agents.get(&id).filter(|agent| agent.run.is_none() && !agent.held) else {
        return Vec::new();
    };
    let process = agent.process.and_then(|process| state.processes.get(&process));
    let can = agent.spec.driver.capabilities();
    let (process, fresh) = match process {
        // It must be gone before the next one starts: one conversation, one process.
        Some(process) if process.stopping.is_some() || !can.converses => return Vec::new(),
        Some(process) => (process.id, false),
        None if state.processes.len() >= state.bounds.processes_max => return Vec::new(),
        None => (id.process(agent.processes + 1), true),
    };
    let messages = prompt_messages(state, at, agent, can.prompt_messages_max);
    if messages.is_empty() {
        return Vec::new();
    }
    if budget_is_used_up(state, id) {
        return give_up(state, agent, &messages);
    }
    let number = agent.runs + 1;
    vec![Event::RunOpened {
        agent: id,
        run: id.run(number),
        number,
        process,
        fresh,
        injection: Some(id.injection(agent.injections + 1)),
        messages,
        deadline: decide::deadline(agent, at),
    }]
}

/// What waits for an agent, in order. A message whose deadline has come is not delivered any more, even before that is recorded.
fn deliverable<'a>(state: &'a Organisation, at: Timestamp, agent: &'a Agent) -> impl Iterator<Item = &'a Message> {
    let queued = agent.queue.iter().filter_map(|id| state.messages.get(id));
    queued.filter(move |message| message.by.is_none_or(|by| by > at))
}

/// Bytes of messages that one prompt carries together; a longer one travels alone.
const PROMPT_BYTES_MAX: u64 = 64 * 1024;

/// The messages of the next prompt, in order. None when nothing among them is worth a run of its own.
fn prompt_messages(state: &Organisation, at: Timestamp, agent: &Agent, count_max: usize) -> Vec<MessageId> {
    let queued: Vec<_> = deliverable(state, at, agent).collect();
    if !queued.iter().any(|message| message.urgency != Urgency::WithNext) {
        return Vec::new();
    }
    // Where one prompt carries one message, notices that open no run do not hold up the message that does.
    if count_max == 1 {
        return queued.iter().find(|message| message.urgency != Urgency::WithNext).map(|m| m.id).into_iter().collect();
    }
    let mut bytes = 0;
    let mut chosen = Vec::new();
    for message in queued.into_iter().take(count_max) {
        bytes += match &message.body {
            crate::body::Body::Text(text) => text.len() as u64,
            crate::body::Body::Blob { bytes, .. } => *bytes,
        };
        if !chosen.is_empty() && bytes > PROMPT_BYTES_MAX {
            break;
        }
        chosen.push(message.id);
    }
    chosen
}

fn budget_is_used_up(state: &Organisation, id: AgentId) -> bool {
    std::iter::once(Party::Agent(id)).chain(state.ancestors(id.into())).any(|member| {
        member
            .agent()
            .and_then(|id| state.agents.get(&id))
            .is_some_and(|agent| agent.spec.limits.budget.is_some_and(|budget| state.spent(agent) > budget))
    })
}

/// Nothing may be spent any more: what would open a run expires, and the parent is told.
fn give_up(state: &Organisation, agent: &Agent, messages: &[MessageId]) -> Vec<Event> {
    let mut events: Vec<Event> = messages
        .iter()
        .map(|message| Event::MessageExpired { message: *message, reason: "the budget is used up".to_owned() })
        .collect();
    let first = messages.first().expect("the caller has messages");
    events.push(decide::notice(
        MessageId(crate::ids::derived(first.0, "over-budget", 0)),
        agent.id.into(),
        &agent.name,
        agent.parent,
        format!("{} cannot begin another run: the budget is used up.", state.called(agent.id.into())),
    ));
    events
}
