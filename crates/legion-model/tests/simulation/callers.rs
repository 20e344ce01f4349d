//! People and agents that call: who, what, again after a lost answer, and what they may expect.

use std::collections::{BTreeMap, BTreeSet};

use legion_model::{
    AgentId, Answer, Body, Command, DriverKind, HireOrder, Key, Limits, MessageId, MicroUsd, OnRestart, Order,
    Organisation, Party, PermissionMode, RefusalKind, Verdict,
};

use crate::service::Reply;
use crate::simulation::{Action, CHAOS_MS, Simulation};

/// Calls at the beginning, which are hires.
const HIRES_FIRST: u64 = 8;

/// Messages of one burst.
const BURST_MAX: u64 = 8;

/// How often a call without an answer is repeated.
const TRIES_MAX: u32 = 6;

#[derive(Clone)]
pub struct Call {
    pub by: Party,
    pub order: Order,
    pub key: Option<Key>,
    tries: u32,
    answer: Option<Answer>,
}

#[derive(Default)]
pub struct Callers {
    pub calls: Vec<Call>,
    /// Every agent that was ever hired, and some ids of nobody.
    pub agents: Vec<AgentId>,
}

impl Simulation {
    pub fn plan_calls(&mut self) {
        let calls = self.random.between(15, 60);
        for _ in 0..calls {
            let at = self.random.below(CHAOS_MS);
            self.plan(at, Action::Call);
        }
        // A history without anybody is none: an organisation is built first.
        for at in 0..HIRES_FIRST {
            self.plan(at * 500, Action::Call);
        }
    }

    pub fn call(&mut self) {
        let number = self.callers.calls.len();
        let by = if self.random.chance(65) { Party::Root } else { self.any_party() };
        if (number as u64) < HIRES_FIRST {
            let order = self.any_hire(number, by);
            return self.make(number, by, order);
        }
        let order = self.any_order(number, by);
        let again = match &order {
            Order::Tell { to, .. } if self.random.chance(self.habits.bursts) => Some(*to),
            _ => None,
        };
        self.make(number, by, order);
        // Much for one agent at once.
        let Some(to) = again else { return };
        for _ in 0..self.random.below(BURST_MAX) {
            let number = self.callers.calls.len();
            let by = if self.random.chance(80) { Party::Root } else { by };
            let now = self.random.chance(20);
            let (message, body) = (MessageId(self.random.uuid()), Body::from(format!("call {number}")));
            self.make(number, by, Order::Tell { message, to, body, bytes: 10, now, deadline: None });
        }
    }

    fn make(&mut self, number: usize, by: Party, order: Order) {
        let key =
            self.random.chance(70).then(|| Key { key: format!("key-{number}"), fingerprint: format!("call {number}") });
        self.callers.calls.push(Call { by, order, key, tries: 0, answer: None });
        self.send(number);
    }

    fn send(&mut self, number: usize) {
        let call = &mut self.callers.calls[number];
        call.tries += 1;
        // Each try makes new ids, as a server does; the key says that it is the same call.
        match &mut call.order {
            Order::Hire(order) => {
                order.agent = AgentId(self.random.uuid());
                order.message = MessageId(self.random.uuid());
                self.callers.agents.push(order.agent);
            }
            Order::Tell { message, .. } | Order::Interrupt { message, .. } => *message = MessageId(self.random.uuid()),
            _ => {}
        }
        let call = &self.callers.calls[number];
        let command = Command { at: self.wall(), by: call.by, key: call.key.clone(), order: call.order.clone() };
        self.trace.line(self.mono_ms, format!("call {number} of {}: {:?}", command.by, command.order));
        if self.service.is_none() {
            return self.lose(number);
        }
        let allowed = self.is_allowed(&command);
        if let Some(service) = &self.service
            && let Some(violated) = unexpected(&service.state, &command, allowed)
        {
            return self.violate(violated);
        }
        self.submit(&command, Some(number));
    }

    pub fn repeat(&mut self, number: usize) {
        self.send(number);
    }

    fn lose(&mut self, number: usize) {
        let call = &self.callers.calls[number];
        if call.key.is_some() && call.tries < TRIES_MAX {
            let in_ms = self.random.below(6_000);
            self.plan(in_ms, Action::Repeat { call: number });
        }
    }

    pub fn lose_replies(&mut self, replies: Vec<Reply>) {
        for reply in replies {
            self.lose(reply.call);
        }
    }

    /// An answer is on its way to its caller. What it says is durable.
    pub fn reply(&mut self, reply: Reply) {
        let Ok(answer) = reply.result else { return };
        let call = &self.callers.calls[reply.call];
        let (by, order) = (call.by, call.order.clone());
        if let Some(earlier) = &call.answer
            && *earlier != answer
        {
            return self.violate(format!("call {} was answered with {earlier:?} and {answer:?}", reply.call));
        }
        self.check_answer(by, &order, &answer);
        self.callers.calls[reply.call].answer = Some(answer.clone());
        if let (Order::BeginWait { waiter, target }, Answer::Done) = (&order, &answer) {
            let most = if self.random.chance(10) { 4_000_000 } else { 200_000 };
            let in_ms = self.random.below(most);
            self.plan(in_ms, Action::EndWait { waiter: *waiter, target: *target });
            // The other may want to wait as well.
            if !self.is_calm() && self.random.chance(30) {
                let command = Command::own(self.wall(), Order::BeginWait { waiter: *target, target: *waiter });
                self.submit(&command, None);
                self.plan(in_ms, Action::EndWait { waiter: *target, target: *waiter });
            }
        }
        if self.random.chance(15) {
            self.lose(reply.call);
        }
    }

    fn check_answer(&mut self, _by: Party, order: &Order, answer: &Answer) {
        let Some(service) = &self.service else { return };
        let known = match answer {
            Answer::Told { message } => self.audit.messages.contains_key(message),
            Answer::Hired { agent, .. } => self.audit.hired.contains(agent),
            Answer::Interrupted { message: Some(message), .. } => self.audit.messages.contains_key(message),
            Answer::Fired { agents, .. } => agents.iter().all(|agent| !service.state.agents.contains_key(agent)),
            Answer::Acked { .. } => match order {
                Order::Ack { messages: Some(ids) } => {
                    ids.iter().all(|id| service.state.messages.get(id).is_none_or(|message| message.is_settled()))
                }
                _ => true,
            },
            _ => true,
        };
        if !known {
            self.violate(format!("{answer:?} was answered, and is not so"));
        }
    }

    pub fn end_wait(&mut self, waiter: AgentId, target: AgentId) {
        let command = Command::own(self.wall(), Order::EndWait { waiter, target });
        self.submit(&command, None);
    }

    fn any_party(&mut self) -> Party {
        self.any_agent().map_or(Party::Root, Party::Agent)
    }

    fn any_agent(&mut self) -> Option<AgentId> {
        if self.random.chance(3) {
            return Some(AgentId(self.random.uuid()));
        }
        let living: Vec<AgentId> =
            self.service.as_ref().map(|s| s.state.agents.keys().copied().collect()).unwrap_or_default();
        if !living.is_empty() && self.random.chance(90) {
            return self.random.pick(&living).copied();
        }
        self.random.pick(&self.callers.agents).copied()
    }

    fn any_order(&mut self, number: usize, by: Party) -> Order {
        let kind = self.random.below(100);
        let message = MessageId(self.random.uuid());
        let text = Body::from(format!("call {number}"));
        let Some(agent) = self.any_agent().filter(|_| kind >= 25) else { return self.any_hire(number, by) };
        match kind {
            25..60 => Order::Tell {
                message,
                to: if self.random.chance(10) { Party::Root } else { agent.into() },
                body: text,
                bytes: 10,
                now: self.random.chance(35),
                deadline: self.random.chance(25).then(|| {
                    let in_ms = self.random.between(1, 90_000);
                    self.wall() + std::time::Duration::from_millis(in_ms)
                }),
            },
            60..72 => Order::Interrupt { agent, message, body: self.random.chance(50).then_some(text), bytes: 10 },
            72..75 => Order::InterruptAll,
            75..81 => Order::Fire { agent, keep_reports: self.random.chance(50) },
            81..87 => Order::Ack { messages: self.any_messages(by) },
            87..93 => {
                let open: Vec<_> =
                    self.service.as_ref().map(|s| s.state.approvals.keys().copied().collect()).unwrap_or_default();
                match self.random.pick(&open).copied() {
                    Some(approval) => {
                        let verdict = *self.random.pick(&[Verdict::Approved, Verdict::Denied]).expect("not empty");
                        Order::Decide { approval, verdict, reason: None }
                    }
                    None => Order::Ack { messages: None },
                }
            }
            _ => {
                let target = self.any_agent().unwrap_or(agent);
                Order::BeginWait { waiter: by.agent().unwrap_or(agent), target }
            }
        }
    }

    fn any_messages(&mut self, by: Party) -> Option<Vec<MessageId>> {
        let state = self.service.as_ref().map(|service| &service.state)?;
        let ids: Vec<MessageId> = state.inbox(by).into_iter().map(|message| message.id).collect();
        let one = self.random.pick(&ids).copied()?;
        self.random.chance(70).then(|| vec![one])
    }

    fn any_hire(&mut self, number: usize, by: Party) -> Order {
        let parent = match by {
            Party::Agent(_) if self.random.chance(70) => by,
            _ if self.random.chance(40) => Party::Root,
            _ => self.any_party(),
        };
        let parents = self
            .service
            .as_ref()
            .and_then(|service| service.state.agents.get(&parent.agent()?))
            .map_or_else(|| "/work".to_owned(), |agent| agent.spec.cwd.clone());
        let driver =
            if self.random.chance(self.habits.command_agents) { DriverKind::Command } else { DriverKind::Claude };
        let cwd = match self.random.below(10) {
            0..3 => Some(format!("{parents}/part-{number}")),
            3 => Some("/elsewhere".to_owned()),
            4 => Some(format!("{parents}-beside")),
            _ if parent == Party::Root => Some("/work".to_owned()),
            _ => None,
        };
        let tools = match self.random.below(8) {
            0 => Some(vec!["Read".to_owned(), "Bash".to_owned()]),
            1 => Some(vec!["Read".to_owned()]),
            2 => Some(vec!["Bash(git *)".to_owned()]),
            3 => Some(vec!["mcp__files".to_owned()]),
            4 => Some(vec!["mcp__files__read".to_owned()]),
            _ => None,
        };
        let budgets = self.habits.budgets;
        let mut limit =
            |percent: u64, low: u64, high: u64| self.random.chance(percent).then(|| self.random.between(low, high));
        let limits = Limits {
            turns: limit(10, 1, 20).map(|turns| turns as u32),
            seconds: limit(15, 1, 200),
            budget: limit(budgets, 0, 4_000_000).map(MicroUsd),
            headcount: limit(15, 0, 5).map(|agents| agents as u32),
            depth: limit(15, 0, 3).map(|levels| levels as u32),
            models: None,
        };
        Order::Hire(Box::new(HireOrder {
            agent: AgentId(self.random.uuid()),
            message: MessageId(self.random.uuid()),
            parent,
            task: Body::from(format!("call {number}")),
            task_head: "do a thing".to_owned(),
            task_bytes: 10,
            name: self.random.chance(30).then(|| format!("name-{}", number % 4)),
            role: None,
            driver,
            command: (driver == DriverKind::Command).then(|| vec!["program".to_owned()]),
            model: None,
            cwd,
            tools,
            permission_mode: self.random.chance(20).then_some(PermissionMode::Default),
            containment: legion_model::ContainmentAsk::default(),
            limits,
            on_restart: if self.random.chance(40) { OnRestart::Resume } else { OnRestart::Idle },
            files: Vec::new(),
        }))
    }

    /// Who may do what, told once more and in another way: by the chain of parents.
    fn is_allowed(&self, command: &Command) -> bool {
        let (Party::Agent(caller), Some(service)) = (command.by, &self.service) else { return true };
        let parents: BTreeMap<AgentId, Party> =
            service.state.agents.values().map(|agent| (agent.id, agent.parent)).collect();
        let above = |party: Party| {
            let mut found = BTreeSet::new();
            let mut next = party;
            while let Some(parent) = next.agent().and_then(|id| parents.get(&id)) {
                found.insert(*parent);
                next = *parent;
            }
            found
        };
        let own = Party::Agent(caller);
        let below = |party: Party| above(party).contains(&own);
        let parent = parents.get(&caller).copied();
        let near = |party: Party| {
            Some(party) == parent
                || party.agent().is_some_and(|id| id != caller && parents.get(&id).copied() == parent)
                || below(party)
        };
        match &command.order {
            Order::Hire(order) => order.parent == own || below(order.parent),
            Order::Tell { to, .. } => near(*to),
            Order::Interrupt { agent, .. } | Order::Fire { agent, .. } => below((*agent).into()),
            Order::BeginWait { target, .. } => near((*target).into()),
            Order::Decide { .. } => false,
            _ => true,
        }
    }
}

/// Tries a call on a copy of the state: what is not allowed is refused, and a refusal changes nothing.
fn unexpected(state: &Organisation, command: &Command, allowed: bool) -> Option<String> {
    if allowed {
        return None;
    }
    let mut copy = state.clone();
    match copy.step(command) {
        Ok(decided) if !decided.events.is_empty() => Some(format!("not allowed and done: {command:?}")),
        Err(refusal) if refusal.kind == RefusalKind::Forbidden || copy == *state => None,
        Err(_) => Some(format!("refused, and changed something: {command:?}")),
        Ok(_) => None,
    }
}
