//! What each event means. The only place where the state changes; it never refuses.

use jiff::Timestamp;

use crate::agent::Agent;
use crate::approval::Approval;
use crate::body::{Body, clip};
use crate::event::Event;
use crate::ids::{AgentId, MessageId, Party, ProcessId};
use crate::message::{Message, MessageKind, MessageState, Urgency};
use crate::money::MicroUsd;
use crate::organisation::Organisation;
use crate::process::{Process, ProcessPhase};
use crate::run::{Ending, Run, RunSummary, Usage};

/// Fired agents whose names are remembered.
const FIRED_MAX: usize = 10_000;

impl Organisation {
    /// Applies one event. Events about things that are not there change nothing.
    pub fn apply(&mut self, event: &Event, at: Timestamp) {
        self.version += 1;
        self.last_at = self.last_at.max(at);
        self.change(event, at);
        if let Some(agent) = event.agent() {
            self.refresh_wanting(agent);
        }
    }

    fn change(&mut self, event: &Event, at: Timestamp) {
        match event {
            Event::ProjectOpened { project, path } => self.project = Some((*project, path.clone())),
            Event::ServiceStarted => {
                self.waits.clear();
                self.closing = false;
            }
            Event::ServiceStopping => self.closing = true,
            Event::AgentHired { agent, name, role, parent, spec, .. } => {
                let hired = Agent {
                    id: *agent,
                    name: name.clone(),
                    role: role.clone(),
                    parent: *parent,
                    spec: spec.clone(),
                    hired_at: at,
                    queue: Default::default(),
                    held: false,
                    run: None,
                    process: None,
                    runs: 0,
                    processes: 0,
                    injections: 0,
                    last_run: None,
                    usage: Usage::default(),
                    spent: MicroUsd::default(),
                    cost_reported: None,
                    spent_by_fired: MicroUsd::default(),
                    metered: Default::default(),
                    metered_by_fired: Default::default(),
                };
                self.agents.insert(*agent, hired);
                crate::tickets::apply(&mut self.board, event, at);
            }
            Event::AgentReparented { agent, parent, name } => {
                if let Some(agent) = self.agents.get_mut(agent) {
                    agent.parent = *parent;
                    agent.name.clone_from(name);
                }
            }
            Event::AgentFired { agent, .. } => {
                if let Some(agent) = self.agents.get(agent) {
                    crate::tickets::agent_used(&mut self.board, agent);
                }
                self.agent_fired(*agent);
                crate::tickets::apply(&mut self.board, event, at);
            }
            Event::AgentHeld { agent } => {
                if let Some(agent) = self.agents.get_mut(agent) {
                    agent.held = true;
                }
            }
            Event::MessageAccepted { message, from, from_name, to, message_kind, body, urgency, by, approval } => {
                self.message_accepted(Message {
                    id: *message,
                    from: *from,
                    from_name: from_name.clone(),
                    to: *to,
                    kind: *message_kind,
                    body: body.clone(),
                    at,
                    urgency: *urgency,
                    by: *by,
                    approval: *approval,
                    state: MessageState::Accepted,
                    injection: None,
                    attempts: 0,
                    reason: None,
                });
            }
            Event::MessageSteered { agent, injection, message, .. } => {
                self.message_taken(*message, *injection);
                if let Some(agent) = self.agents.get_mut(agent) {
                    agent.injections += 1;
                    agent.queue.retain(|queued| queued != message);
                    if let Some(run) = &mut agent.run {
                        run.unseen.insert(*injection, vec![*message]);
                    }
                }
            }
            Event::InjectionSeen { agent, injection, .. } => {
                let Some(run) = self.agents.get_mut(agent).and_then(|agent| agent.run.as_mut()) else { return };
                let Some(messages) = run.unseen.remove(injection) else { return };
                run.seen.extend(&messages);
                for message in messages {
                    if let Some(message) = self.messages.get_mut(&message) {
                        message.state = MessageState::Seen;
                        if let Some(by) = message.by {
                            self.deadlines.remove(&(by, message.id));
                        }
                    }
                }
            }
            Event::MessageReturned { message } => self.message_returned(*message),
            Event::MessageExpired { message, reason } => {
                self.message_settled(*message, MessageState::Expired, Some(reason.clone()));
            }
            Event::MessageAcked { message } => self.message_settled(*message, MessageState::Acted, None),
            Event::RunOpened { agent, run, number, process, fresh, injection, messages, deadline } => {
                if *fresh {
                    self.process_opened(*process, *agent);
                }
                if let Some(process) = self.processes.get_mut(process) {
                    process.idle_since = None;
                    self.board.worked_in(&process.cwd);
                }
                if let Some(injection) = injection {
                    for message in messages {
                        self.message_taken(*message, *injection);
                    }
                }
                if let Some(agent) = self.agents.get_mut(agent) {
                    agent.runs = *number;
                    agent.injections += u32::from(injection.is_some());
                    agent.queue.retain(|queued| !messages.contains(queued));
                    agent.run = Some(Run {
                        id: *run,
                        number: *number,
                        process: *process,
                        started_at: at,
                        deadline: *deadline,
                        unseen: injection.iter().map(|injection| (*injection, messages.clone())).collect(),
                        seen: Vec::new(),
                        prompt: *injection,
                        continues: false,
                        ending: None,
                        interrupts: 0,
                        suspect: None,
                        usage: Usage::default(),
                        cost: None,
                        turns: None,
                    });
                }
            }
            Event::RunResumed { agent, process, injection, .. } => {
                self.process_opened(*process, *agent);
                if let Some(agent) = self.agents.get_mut(agent) {
                    self.board.worked_in(&agent.spec.cwd);
                    agent.injections += 1;
                    if let Some(run) = &mut agent.run {
                        run.process = *process;
                        run.unseen.insert(*injection, Vec::new());
                        run.prompt = Some(*injection);
                        run.continues = true;
                        run.suspect = None;
                    }
                }
            }
            Event::TurnNoted { agent, usage, cost, cost_total, turns, .. } => {
                let Some(agent) = self.agents.get_mut(agent) else { return };
                let Some(run) = &mut agent.run else { return };
                run.usage += *usage;
                run.cost = add(run.cost, *cost);
                run.turns = match (run.turns, *turns) {
                    (Some(a), Some(b)) => Some(a.saturating_add(b)),
                    (a, b) => a.or(b),
                };
                // A turn that was only noted may leave interrupted work behind: what goes on is a new turn.
                run.ending = None;
                let process = run.process;
                agent.spent += cost.unwrap_or_default();
                self.cost_reported(agent_id(event), process, *cost_total);
            }
            Event::RunEnding { agent, outcome, why, by, stop, .. } => {
                let Some(run) = self.agents.get_mut(agent).and_then(|agent| agent.run.as_mut()) else { return };
                run.interrupts += u32::from(run.ending.is_none());
                run.ending = Some(Ending { outcome: *outcome, why: why.clone(), by: *by, at, stop: *stop });
            }
            Event::RunSuspected { agent, why, .. } => {
                if let Some(run) = self.agents.get_mut(agent).and_then(|agent| agent.run.as_mut()) {
                    run.suspect = Some((at, why.clone()));
                }
            }
            Event::RunCleared { agent, .. } => {
                if let Some(run) = self.agents.get_mut(agent).and_then(|agent| agent.run.as_mut()) {
                    run.suspect = None;
                }
            }
            Event::RunEnded { agent, run, outcome, result, error, exit_code, usage, cost, cost_total, turns } => {
                let Some(agent) = self.agents.get_mut(agent) else { return };
                let Some(ended) = agent.run.take_if(|open| open.id == *run) else { return };
                // Turns that were noted are in the sums already.
                agent.spent += cost.unwrap_or_default().less(ended.cost.unwrap_or_default());
                agent.usage += *usage;
                agent.last_run = Some(RunSummary {
                    id: *run,
                    number: ended.number,
                    started_at: ended.started_at,
                    ended_at: at,
                    outcome: *outcome,
                    result: result.clone(),
                    error: error.clone(),
                    exit_code: *exit_code,
                    usage: *usage,
                    cost: *cost,
                    turns: *turns,
                });
                let id = agent.id;
                if let Some(process) = self.processes.get_mut(&ended.process) {
                    process.idle_since = Some(at);
                }
                self.cost_reported(Some(id), ended.process, *cost_total);
                for message in ended.seen {
                    self.message_settled(message, MessageState::Acted, None);
                }
            }
            Event::ProcessStarted { process, pid } => {
                if let Some(process) = self.processes.get_mut(process) {
                    process.phase = ProcessPhase::Live { pid: *pid };
                }
            }
            Event::ProcessMetered { process, .. } => {
                if let Some(process) = self.processes.get_mut(process) {
                    process.metered = true;
                }
            }
            Event::AgentMetered { agent, run, total } => {
                if let Some(agent) = self.agents.get_mut(agent) {
                    agent.has_spent(*run, *total);
                }
            }
            Event::ProcessRead { process, offset } => {
                if let Some(process) = self.processes.get_mut(process) {
                    process.offset = process.offset.max(*offset);
                }
            }
            Event::ProcessStopping { process, reason } => {
                if let Some(process) = self.processes.get_mut(process) {
                    process.stopping = Some(*reason);
                }
            }
            Event::ProcessEnded { process, .. } => {
                let Some(ended) = self.processes.remove(process) else { return };
                self.approvals.retain(|_, approval| approval.process != *process);
                if let Some(agent) = self.agents.get_mut(&ended.agent) {
                    agent.process.take_if(|current| current == process);
                }
            }
            Event::ApprovalAsked { approval, agent, process, request, tool, input, deadline, message } => {
                self.approvals.insert(
                    *approval,
                    Approval {
                        id: *approval,
                        agent: *agent,
                        process: *process,
                        request: request.clone(),
                        tool: tool.clone(),
                        input: input.clone(),
                        at,
                        deadline: *deadline,
                        message: *message,
                        verdict: None,
                    },
                );
            }
            Event::ApprovalDecided { approval, verdict, reason, .. } => {
                let Some(decided) = self.approvals.get_mut(approval) else { return };
                decided.verdict = Some((*verdict, reason.clone()));
            }
            Event::ApprovalAnswered { approval } => {
                self.approvals.remove(approval);
            }
            Event::WaitBegan { waiter, target } => {
                self.waits.entry(*waiter).or_default().insert(*target);
            }
            Event::WaitEnded { waiter, target } => {
                if let Some(targets) = self.waits.get_mut(waiter) {
                    targets.remove(target);
                    if targets.is_empty() {
                        self.waits.remove(waiter);
                    }
                }
            }
            Event::KeyUsed { caller, key, answer } => {
                let slot = (*caller, key.key.clone());
                if self.keys.insert(slot.clone(), (key.fingerprint.clone(), answer.clone())).is_none() {
                    self.keys_order.push_back(slot);
                }
                while self.keys_order.len() > KEYS_MAX {
                    if let Some(oldest) = self.keys_order.pop_front() {
                        self.keys.remove(&oldest);
                    }
                }
            }
            event => crate::tickets::apply(&mut self.board, event, at),
        }
    }

    fn agent_fired(&mut self, id: AgentId) {
        let Some(agent) = self.agents.remove(&id) else { return };
        self.wanting.remove(&id);
        if let Some(parent) = agent.parent.agent().and_then(|parent| self.agents.get_mut(&parent)) {
            parent.spent_by_fired += agent.spent + agent.spent_by_fired;
            parent.metered_by_fired += agent.metered + agent.metered_by_fired;
        }
        self.waits.remove(&id);
        for targets in self.waits.values_mut() {
            targets.remove(&id);
        }
        self.waits.retain(|_, targets| !targets.is_empty());
        if self.fired.len() >= FIRED_MAX {
            self.fired.pop_first();
        }
        self.fired.insert(id, agent.name);
    }

    fn message_accepted(&mut self, message: Message) {
        let (id, to, urgency) = (message.id, message.to, message.urgency);
        let tells = matches!(message.kind, MessageKind::Task | MessageKind::Tell | MessageKind::Redirect);
        if let Some(by) = message.by {
            self.deadlines.insert((by, id));
        }
        self.messages.insert(id, message);
        match to {
            Party::Root => self.root_inbox.push_back(id),
            Party::Agent(agent) => {
                let redirects = self.redirects(agent);
                let Some(agent) = self.agents.get_mut(&agent) else { return };
                agent.held &= !tells;
                if urgency == Urgency::First {
                    // Behind other redirects: they keep their order among themselves.
                    agent.queue.insert(redirects, id);
                } else {
                    agent.queue.push_back(id);
                }
            }
        }
    }

    /// How many redirects stand at the front of an agent's queue. Nothing else gets before them.
    fn redirects(&self, agent: AgentId) -> usize {
        let is_redirect = |id: &&MessageId| self.messages.get(id).is_some_and(|m| m.urgency == Urgency::First);
        self.agents.get(&agent).map_or(0, |agent| agent.queue.iter().take_while(is_redirect).count())
    }

    fn message_taken(&mut self, id: MessageId, injection: crate::ids::InjectionId) {
        if let Some(message) = self.messages.get_mut(&id) {
            message.state = MessageState::Injected;
            message.injection = Some(injection);
            message.attempts += 1;
        }
    }

    fn message_returned(&mut self, id: MessageId) {
        let Some(message) = self.messages.get_mut(&id) else { return };
        message.state = MessageState::Accepted;
        message.injection = None;
        let urgency = message.urgency;
        let Some(agent) = message.to.agent() else { return };
        if let Some(run) = self.agents.get_mut(&agent).and_then(|agent| agent.run.as_mut()) {
            for messages in run.unseen.values_mut() {
                messages.retain(|unseen| *unseen != id);
            }
        }
        let redirects = self.redirects(agent);
        let Some(agent) = self.agents.get_mut(&agent) else { return };
        agent.queue.insert(if urgency == Urgency::First { 0 } else { redirects }, id);
        let agent = agent.id;
        self.refresh_wanting(agent);
    }

    fn message_settled(&mut self, id: MessageId, state: MessageState, reason: Option<String>) {
        let Some(message) = self.messages.get_mut(&id) else { return };
        if message.is_settled() {
            return;
        }
        message.state = state;
        message.reason = reason;
        // What stays is a receipt; the log keeps the text.
        message.body = Body::Text(clip(message.body.head(), Body::HEAD_CHARS));
        if let Some(by) = message.by {
            self.deadlines.remove(&(by, id));
        }
        match message.to {
            Party::Root => self.root_inbox.retain(|unread| *unread != id),
            Party::Agent(to) => {
                if let Some(agent) = self.agents.get_mut(&to) {
                    agent.queue.retain(|queued| *queued != id);
                    self.refresh_wanting(to);
                }
            }
        }
        self.settled.push_back(id);
        while self.settled.len() > RECEIPTS_MAX {
            if let Some(oldest) = self.settled.pop_front() {
                self.messages.remove(&oldest);
            }
        }
    }

    fn process_opened(&mut self, id: ProcessId, agent_id: AgentId) {
        let Some(agent) = self.agents.get_mut(&agent_id) else { return };
        agent.processes += 1;
        agent.process = Some(id);
        let cwd = agent.spec.cwd.clone();
        self.processes.insert(
            id,
            Process {
                id,
                agent: agent_id,
                number: agent.processes,
                cwd,
                phase: ProcessPhase::Starting,
                offset: 0,
                cost_total: None,
                metered: false,
                idle_since: None,
                stopping: None,
            },
        );
    }

    fn cost_reported(&mut self, agent: Option<AgentId>, process: ProcessId, total: Option<MicroUsd>) {
        let Some(total) = total else { return };
        if let Some(process) = self.processes.get_mut(&process) {
            process.cost_total = Some(total);
        }
        if let Some(agent) = agent.and_then(|id| self.agents.get_mut(&id)) {
            agent.cost_reported = Some(total);
        }
    }

    fn refresh_wanting(&mut self, id: AgentId) {
        match self.agents.get(&id) {
            Some(agent) if agent.run.is_none() && agent.has_mail() => {
                self.wanting.insert(id);
            }
            _ => {
                self.wanting.remove(&id);
            }
        }
    }
}

/// Idempotency keys and receipts that the fold remembers. Fixed, because a fold may not depend on configuration.
const KEYS_MAX: usize = 10_000;
const RECEIPTS_MAX: usize = 10_000;

fn add(a: Option<MicroUsd>, b: Option<MicroUsd>) -> Option<MicroUsd> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a + b),
        (a, b) => a.or(b),
    }
}

fn agent_id(event: &Event) -> Option<AgentId> {
    event.agent()
}
