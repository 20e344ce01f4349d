//! The person and leaders: plans, and orders about everything at any time.

use legion_model::tickets::{SessionName, TicketChanges, TicketId};
use legion_model::{
    AgentId, Answer, Body, Command, DriverKind, Event, HireOrder, Limits, MessageId, OnRestart, Order, Party,
    ProjectId, TicketOrder,
};

use super::agenda::Action;
use super::history::History;
use super::repository::{Edit, FILES, Repository};

#[derive(Default)]
pub struct People {
    pub leaders: Vec<AgentId>,
    /// When a gate's missing command is there at last.
    pub installed_ms: u64,
    sessions: u32,
}

impl History {
    pub fn plan_people(&mut self) {
        for _ in 0..self.random.between(2, 16) {
            self.plan_in_chaos(Action::Person);
        }
        for _ in 0..self.random.below(5) {
            self.plan_in_chaos(Action::Leader);
        }
        self.people.installed_ms = self.random.below(super::history::CHAOS_MS);
    }

    /// A project with a session, leaders, and a first plan.
    pub fn open_project(&mut self) {
        let project = ProjectId(self.random.uuid());
        self.order(Party::Root, Order::OpenProject { project, path: "/home".to_owned() });
        self.open_session();
        for _ in 0..self.random.below(3) {
            let agent = self.hire(Party::Root, Some("/home".to_owned()));
            self.people.leaders.push(agent);
        }
        self.add(Party::Root);
    }

    fn hire(&mut self, by: Party, cwd: Option<String>) -> AgentId {
        let agent = AgentId(self.random.uuid());
        let order = HireOrder {
            agent,
            message: MessageId(self.random.uuid()),
            parent: by,
            task: Body::from("lead"),
            task_head: "lead".to_owned(),
            task_bytes: 4,
            name: None,
            role: None,
            driver: DriverKind::Claude,
            command: None,
            model: None,
            cwd,
            tools: None,
            permission_mode: None,
            containment: legion_model::ContainmentAsk::default(),
            limits: Limits::default(),
            on_restart: if self.random.chance(50) { OnRestart::Resume } else { OnRestart::Idle },
            files: Vec::new(),
        };
        self.order(by, Order::Hire(Box::new(order)));
        agent
    }

    pub fn hire_below(&mut self, agent: AgentId) {
        self.hire(agent.into(), None);
    }

    pub fn agent_reports(&mut self, agent: AgentId, done: bool) {
        let summary = Body::from(if done { "it is done" } else { "it is not done" });
        self.tickets(agent.into(), TicketOrder::Report { done, summary });
    }

    fn tickets(&mut self, by: Party, order: TicketOrder) {
        self.order(by, Order::Tickets(order));
    }

    /// Somebody orders something, as long as there is a service to hear it.
    fn order(&mut self, by: Party, order: Order) {
        let command = Command { at: self.wall(), by, key: None, order };
        self.note(|| format!("{by} orders {:?}", command.order));
        let before = match &self.service {
            Some(service) if self.random.chance(20) => Some(service.state.clone()),
            _ => None,
        };
        let decided = self.submit(&command);
        match decided {
            Some(Ok(decided)) => self.check_answer(&command, &decided.events, &decided.answer),
            Some(Err(refusal)) => {
                self.note(|| format!("refused: {refusal}"));
                let now = self.service.as_ref().map(|service| &service.state);
                if before.as_ref().is_some_and(|before| now.is_some_and(|now| before != now)) {
                    self.violate(format!("refused, and changed something: {:?}", command.order));
                }
            }
            None => {}
        }
    }

    /// What was answered is so.
    fn check_answer(&mut self, command: &Command, events: &[Event], answer: &Answer) {
        let Some(service) = &self.service else { return };
        let board = &service.state.board;
        let closes =
            |id: TicketId| events.iter().any(|e| matches!(e, Event::TicketClosed { ticket, .. } if *ticket == id));
        let (Order::Tickets(order), Answer::Tickets { tickets }) = (&command.order, answer) else { return };
        let wrong = tickets.iter().find(|id| {
            let ticket = board.tickets.get(id);
            !match order {
                TicketOrder::Stop { .. } | TicketOrder::StopAll { .. } => ticket.is_some_and(|t| t.is_closed()),
                TicketOrder::Retry { .. } => ticket.is_some_and(|t| !t.is_closed() || closes(**id)),
                TicketOrder::Delete { .. } => ticket.is_none(),
                _ => true,
            }
        });
        if let Some(wrong) = wrong {
            self.violate(format!("{answer:?} was answered to {order:?}, and {wrong} is not so"));
        }
    }

    fn open_session(&mut self) {
        // A name may come again after its session was deleted for good.
        let settled = self.service.as_ref().filter(|service| service.is_settled()).map(|s| &s.state.board.sessions);
        let is_gone = |name: &&SessionName| settled.is_some_and(|sessions| !sessions.contains_key(*name));
        let gone = self.repository.targets.keys().find(is_gone).cloned();
        let session = gone.filter(|_| self.random.chance(50)).unwrap_or_else(|| {
            self.people.sessions += 1;
            format!("s{}", self.people.sessions).parse().expect("a name")
        });
        let base = self.repository.commit(Vec::new(), Default::default());
        let settings = self.any_settings();
        self.repository.targets.insert(session.clone(), base.clone());
        self.tickets(Party::Root, TicketOrder::OpenSession { session, base, branch: None, settings });
    }

    fn any_session(&mut self) -> SessionName {
        let all: Vec<SessionName> = self.repository.targets.keys().cloned().collect();
        self.random.pick(&all).cloned().expect("one is opened first")
    }

    fn any_ticket(&mut self) -> TicketId {
        let all: Vec<TicketId> = self.audit.tickets.keys().copied().collect();
        match self.random.pick(&all).copied() {
            Some(ticket) if !self.random.chance(2) => ticket,
            _ => TicketId(999),
        }
    }

    fn any_agent(&mut self) -> Option<AgentId> {
        let all: Vec<AgentId> =
            self.service.as_ref().map(|s| s.state.agents.keys().copied().collect()).unwrap_or_default();
        self.random.pick(&all).copied()
    }

    fn add(&mut self, by: Party) {
        let count = if by == Party::Root && self.audit.tickets.is_empty() {
            let many = self.random.chance(20);
            self.random.between(1, if many { 15 } else { 7 })
        } else {
            self.random.between(1, 3)
        };
        let session = self.any_session();
        let tickets = self.any_plan(count);
        self.tickets(by, TicketOrder::Add { session, tickets, settings: None });
    }

    pub fn leader_acts(&mut self) {
        let Some(leader) = self.random.pick(&self.people.leaders).copied() else { return };
        let by = Party::Agent(leader);
        let ticket = self.any_ticket();
        match self.random.below(10) {
            0..6 => self.add(by),
            6 => self.tickets(by, TicketOrder::Stop { tickets: vec![ticket] }),
            7 => self.tickets(by, TicketOrder::StopAll { session: None }),
            8 => self.tickets(by, TicketOrder::Delete { ticket, dependents: true }),
            _ => self.retry(by, ticket),
        }
    }

    fn retry(&mut self, by: Party, ticket: TicketId) {
        let feedback = self.random.chance(50).then(|| Body::from("try harder"));
        let changes = TicketChanges {
            max_attempts: self.random.chance(20).then(|| self.random.between(1, 5) as u32),
            ..TicketChanges::default()
        };
        self.tickets(by, TicketOrder::Retry { ticket, feedback, changes: Box::new(changes) });
    }

    pub fn person_acts(&mut self) {
        let ticket = self.any_ticket();
        let session = self.any_session();
        let agent = self.any_agent();
        let message = MessageId(self.random.uuid());
        let root = Party::Root;
        match self.random.below(100) {
            0..14 => self.add(root),
            14..24 => self.tickets(root, TicketOrder::Stop { tickets: vec![ticket] }),
            24..26 => {
                let session = self.random.chance(50).then_some(session);
                self.tickets(root, TicketOrder::StopAll { session });
            }
            26..44 => self.retry(root, ticket),
            44..50 => {
                let dependents = self.random.chance(60);
                self.tickets(root, TicketOrder::Delete { ticket, dependents });
            }
            50..60 => self.decide_held(),
            60..66 => self.import(session),
            66..70 => {
                let settings = self.any_settings();
                self.tickets(root, TicketOrder::SetSession { session, settings });
            }
            70..72 => self.tickets(root, TicketOrder::CompleteSession { session }),
            72..74 => {
                let force = self.random.chance(60);
                self.tickets(root, TicketOrder::DeleteSession { session, force });
            }
            74..76 => self.open_session(),
            76..78 => self.tickets(root, TicketOrder::UseSession { session }),
            78..82 => {
                if let Some(agent) = agent {
                    let keep_reports = self.random.chance(40);
                    self.order(root, Order::Fire { agent, keep_reports });
                }
            }
            82..86 => {
                if let Some(agent) = agent {
                    let body = self.random.chance(50).then(|| Body::from("otherwise"));
                    self.order(root, Order::Interrupt { agent, message, body, bytes: 9 });
                }
            }
            86 => self.order(root, Order::InterruptAll),
            _ => {
                if let Some(agent) = agent {
                    let (to, now) = (agent.into(), self.random.chance(40));
                    let tell = Order::Tell { message, to, body: Body::from("well"), bytes: 4, now, deadline: None };
                    self.order(root, tell);
                }
            }
        }
    }

    fn decide_held(&mut self) {
        let held: Vec<TicketId> = self.service.as_ref().map_or_else(Vec::new, |service| {
            let is_held = |ticket: &&legion_model::tickets::Ticket| {
                ticket.attempt().is_some_and(|a| matches!(a.stage, legion_model::tickets::Stage::Held { .. }))
            };
            service.state.board.tickets.values().filter(is_held).map(|ticket| ticket.id).collect()
        });
        let ticket = match self.random.pick(&held).copied() {
            Some(ticket) => ticket,
            None => self.any_ticket(),
        };
        let approve = self.random.chance(60);
        self.tickets(Party::Root, TicketOrder::DecideHeld { ticket, approve, reason: None });
    }

    /// The person committed something of their own.
    fn import(&mut self, session: SessionName) {
        let target = self.repository.targets[&session].clone();
        let mut tree = self.repository.tree(&target).clone();
        self.edits += 1;
        let edit = Edit { ticket: 0, number: self.edits };
        tree.entry(self.random.below(u64::from(FILES)) as u8).or_default().push(edit);
        self.repository.secured.extend(Repository::edits(&tree));
        let commit = self.repository.commit(vec![target], tree);
        self.tickets(Party::Root, TicketOrder::Import { session, commit, branch: None });
    }
}
