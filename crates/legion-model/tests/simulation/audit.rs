//! What must be true of every batch of the log, and of the state after it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use legion_model::{
    AgentId, Body, DriverKind, Event, InjectionId, MessageId, MessageKind, MessageState, Organisation, Outcome, Party,
    ProcessId, RunId, Urgency,
};
use uuid::Uuid;

use crate::outside::Activity;
use crate::simulation::Simulation;

/// What the log said of a message.
pub struct Letter {
    /// Place in the order of acceptance.
    pub number: usize,
    pub to: Party,
    pub kind: MessageKind,
    pub urgency: Urgency,
    pub by: Option<Timestamp>,
    pub acked: bool,
}

impl Letter {
    /// Whether it keeps its place among others: nobody was in a hurry, and nobody wanted it put off.
    fn is_plain(&self) -> bool {
        self.urgency == Urgency::Queue
    }
}

#[derive(Default)]
pub struct Audit {
    pub messages: BTreeMap<MessageId, Letter>,
    pub runs: BTreeMap<RunId, bool>,
    pub processes: BTreeSet<ProcessId>,
    pub injections: BTreeSet<InjectionId>,
    pub hired: BTreeSet<AgentId>,
    pub fired: BTreeSet<AgentId>,
    keys: BTreeSet<(Party, String)>,
    texts: BTreeSet<String>,
}

impl Audit {
    /// An earlier delivery that should have come after this one.
    pub fn order_violation(&self, consumed: &[MessageId], message: MessageId) -> Option<MessageId> {
        let letter = self.messages.get(&message).filter(|letter| letter.is_plain())?;
        consumed.iter().copied().find(|earlier| {
            self.messages.get(earlier).is_some_and(|earlier| earlier.is_plain() && earlier.number > letter.number)
        })
    }
}

/// The id of the report about a run, made once more by hand.
pub fn report_id(run: RunId) -> MessageId {
    MessageId(Uuid::new_v5(&run.0, b"report/0"))
}

impl Simulation {
    /// Looks at the batch that was just appended.
    pub fn audit_batch(&mut self, first: usize) {
        let mut violation = None;
        let batch = &self.log[first..];
        let reports: BTreeMap<MessageId, Party> = batch
            .iter()
            .filter_map(|logged| match &logged.event {
                Event::MessageAccepted { message, to, message_kind: MessageKind::Report, .. } => Some((*message, *to)),
                _ => None,
            })
            .collect();
        let mut found = |what: String| _ = violation.get_or_insert(what);
        for logged in batch {
            match &logged.event {
                Event::AgentHired { agent, .. } if !self.audit.hired.insert(*agent) => {
                    found(format!("{agent} was hired twice"));
                }
                Event::AgentFired { agent, .. } => _ = self.audit.fired.insert(*agent),
                Event::MessageAccepted { message, to, message_kind, body, urgency, by, .. } => {
                    let letter = Letter {
                        number: self.audit.messages.len(),
                        to: *to,
                        kind: *message_kind,
                        urgency: *urgency,
                        by: *by,
                        acked: false,
                    };
                    if self.audit.messages.insert(*message, letter).is_some() {
                        found(format!("{message} was accepted twice"));
                    }
                    let is_called =
                        matches!(message_kind, MessageKind::Task | MessageKind::Tell | MessageKind::Redirect);
                    if let Body::Text(text) = body
                        && is_called
                        && !self.audit.texts.insert(text.clone())
                    {
                        found(format!("`{text}` was done twice"));
                    }
                }
                Event::MessageAcked { message } => {
                    if let Some(letter) = self.audit.messages.get_mut(message) {
                        letter.acked = true;
                    }
                }
                Event::RunOpened { run, process, injection, messages, .. } => {
                    if self.audit.runs.insert(*run, false).is_some() {
                        found(format!("the run {run} was opened twice"));
                    }
                    self.audit.processes.insert(*process);
                    self.audit.injections.extend(injection);
                    for message in messages {
                        let late = self.audit.messages.get(message).and_then(|letter| letter.by);
                        if late.is_some_and(|by| by <= logged.at) {
                            found(format!("{message} is delivered after its deadline"));
                        }
                    }
                }
                Event::RunResumed { process, injection, .. } => {
                    self.audit.processes.insert(*process);
                    self.audit.injections.insert(*injection);
                }
                Event::MessageSteered { injection, .. } => _ = self.audit.injections.insert(*injection),
                Event::RunEnded { agent, run, .. } => {
                    match self.audit.runs.insert(*run, true) {
                        Some(false) => {}
                        before => found(format!("the run {run} ended and was {before:?} before")),
                    }
                    let told = reports.get(&report_id(*run)).copied();
                    let fired_with = |party: Party| {
                        batch.iter().any(
                            |l| matches!(&l.event, Event::AgentFired { agent, .. } if party.agent() == Some(*agent)),
                        )
                    };
                    // The parent as it is after the batch, or was when the agent was fired in it.
                    let parent = self
                        .service
                        .as_ref()
                        .and_then(|service| service.state.agents.get(agent))
                        .map(|agent| agent.parent);
                    match (parent, told) {
                        (Some(parent), Some(told)) if told == parent => {}
                        (Some(parent), told) => {
                            found(format!("the run {run} ended, {parent} was to be told and {told:?} was"));
                        }
                        (None, None) if !fired_with((*agent).into()) => {
                            found(format!("the run {run} of nobody ended"));
                        }
                        (None, Some(told)) if fired_with(told) => {
                            found(format!("the run {run} ended and a fired parent was told"));
                        }
                        (None, _) => {}
                    }
                }
                Event::RunEnding { agent, run, outcome: Outcome::Killed, .. } => {
                    let live = self.outside.conversations.get(agent).and_then(|conversation| conversation.live);
                    let directory = live.and_then(|live| self.outside.directories.get(&live));
                    if directory.is_some_and(|d| d.driver == DriverKind::Claude && d.activity != Activity::Hung) {
                        found(format!("the run {run} of {agent} is killed as hung and answers probes"));
                    }
                }
                Event::InjectionSeen { agent, injection, .. } => {
                    let conversation = self.outside.conversations.get(agent);
                    if !conversation.is_some_and(|conversation| conversation.filed.contains(injection)) {
                        found(format!("the write {injection} is recorded as seen and {agent} does not have it"));
                    }
                }
                Event::KeyUsed { caller, key, .. } if !self.audit.keys.insert((*caller, key.key.clone())) => {
                    found(format!("the key {} of {caller} was used twice", key.key));
                }
                _ => {}
            }
        }
        let hired = batch.iter().any(|logged| matches!(logged.event, Event::AgentHired { .. }));
        let moved = batch.iter().any(|logged| matches!(logged.event, Event::AgentReparented { .. }));
        if let Some(state) = self.service.as_ref().map(|service| &service.state).filter(|_| hired || moved) {
            if let Some(broken) = broken_limit(state) {
                found(broken);
            }
            for logged in batch {
                if let Event::AgentHired { agent, spec, .. } = &logged.event
                    && spec.limits.budget.is_some()
                    && let Some(broken) = broken_budget(state, *agent)
                {
                    found(broken);
                }
            }
        }
        if let Some(violation) = violation {
            self.violate(violation);
        }
    }

    /// What must be true of every state.
    pub fn check_state(&mut self) {
        let Some(service) = self.service.as_ref().filter(|service| service.is_settled()) else { return };
        let mut broken = broken_state(&service.state);
        // Many messages: not every time, since what is lost stays lost.
        if broken.is_none() && self.random.chance(15) {
            broken = broken_messages(&service.state);
        }
        if let Some(broken) = broken {
            self.violate(broken);
        }
    }
}

fn broken_state(state: &Organisation) -> Option<String> {
    for agent in state.agents.values() {
        let id = agent.id;
        if let Some(run) = &agent.run {
            if agent.process != Some(run.process) || !state.processes.contains_key(&run.process) {
                return Some(format!("{id} shows as working and has no process"));
            }
            if run.unseen.len() > 1 {
                return Some(format!("{id} has {} writes unseen", run.unseen.len()));
            }
        }
        for message in &agent.queue {
            let letter = state.messages.get(message);
            if !letter.is_some_and(|letter| letter.state == MessageState::Accepted && letter.to == id.into()) {
                return Some(format!("{message} waits for {id} and is {letter:?}"));
            }
        }
        let wants = agent.run.is_none() && !agent.queue.is_empty();
        if wants != state.wanting.contains(&id) {
            return Some(format!("{id} wants to run: {wants}, and the index says otherwise"));
        }
    }
    for process in state.processes.values() {
        let agent = state.agents.get(&process.agent);
        if agent.is_some_and(|agent| agent.process != Some(process.id)) {
            return Some(format!("{} has a second process {}", process.agent, process.id));
        }
        if agent.is_none() && process.stopping.is_none() {
            return Some(format!("the process {} of a fired agent is not stopped", process.id));
        }
        let carries = agent.is_some_and(|agent| agent.run.as_ref().is_some_and(|run| run.process == process.id));
        if !carries && process.idle_since.is_none() && process.stopping.is_none() {
            return Some(format!("the process {} carries no run, is not warm, and is not stopped", process.id));
        }
    }
    if state.processes.len() > state.bounds.processes_max {
        return Some(format!("{} processes", state.processes.len()));
    }
    state.waits.keys().find(|waiter| waits_for_itself(state, **waiter)).map(|id| format!("{id} waits for itself"))
}

/// Every message that is not settled is in one place.
fn broken_messages(state: &Organisation) -> Option<String> {
    for message in state.messages.values() {
        let Some(agent) = message.to.agent().and_then(|agent| state.agents.get(&agent)) else { continue };
        let run = agent.run.as_ref();
        let held = match message.state {
            MessageState::Accepted => agent.queue.contains(&message.id),
            MessageState::Injected => run.is_some_and(|run| run.unseen.values().flatten().any(|id| *id == message.id)),
            MessageState::Seen => run.is_some_and(|run| run.seen.contains(&message.id)),
            MessageState::Acted => true,
            MessageState::Expired => message.reason.as_ref().is_some_and(|reason| !reason.is_empty()),
        };
        if !held {
            return Some(format!("{} is {:?} and nobody has it", message.id, message.state));
        }
    }
    None
}

fn waits_for_itself(state: &Organisation, waiter: AgentId) -> bool {
    let mut open: Vec<AgentId> = state.waits.get(&waiter).into_iter().flatten().copied().collect();
    let mut seen = BTreeSet::new();
    while let Some(next) = open.pop() {
        if next == waiter {
            return true;
        }
        if seen.insert(next) {
            open.extend(state.waits.get(&next).into_iter().flatten());
        }
    }
    false
}

/// Rights only narrow going down; headcount and depth hold everywhere.
fn broken_limit(state: &Organisation) -> Option<String> {
    if state.agents.len() > state.bounds.headcount_max as usize {
        return Some(format!("{} agents", state.agents.len()));
    }
    for agent in state.agents.values() {
        let id = agent.id;
        let below = state.subtree(id.into()).len() as u64;
        if agent.spec.limits.headcount.is_some_and(|headcount| below > u64::from(headcount)) {
            return Some(format!("{below} agents below {id}"));
        }
        if agent.spec.limits.depth.is_some_and(|depth| state.height(id.into()) > depth) {
            return Some(format!("{} levels below {id}", state.height(id.into())));
        }
        if state.level(id.into()) > state.bounds.depth_max {
            return Some(format!("{id} is on level {}", state.level(id.into())));
        }
        for above in state.ancestors(id.into()).filter_map(|above| state.agents.get(&above.agent()?)) {
            let inside = std::path::Path::new(&agent.spec.cwd).starts_with(&above.spec.cwd);
            if !inside || agent.spec.permission_mode > above.spec.permission_mode {
                return Some(format!("{id} may more than {}", above.id));
            }
            let Some(tools) = &above.spec.tools else { continue };
            let wider = match &agent.spec.tools {
                None => true,
                Some(own) => own.iter().any(|tool| !tools.iter().any(|above| is_covered(above, tool))),
            };
            if wider {
                return Some(format!("{id} has tools that {} has not", above.id));
            }
        }
    }
    None
}

/// The rule of tools once more: the same, a pattern of it, or a tool of that server.
fn is_covered(above: &str, tool: &str) -> bool {
    tool == above || tool.starts_with(&format!("{above}(")) || tool.starts_with(&format!("{above}__"))
}

/// The nearest budget above a hire covers everything that is set aside under it.
fn broken_budget(state: &Organisation, hired: AgentId) -> Option<String> {
    let holder = state
        .ancestors(hired.into())
        .filter_map(|above| state.agents.get(&above.agent()?))
        .find(|above| above.spec.limits.budget.is_some())?;
    let budget = holder.spec.limits.budget?;
    let committed = state.committed(holder);
    (committed > budget).then(|| format!("{committed} are set aside of {budget} of {}", holder.id))
}
