//! A project with one session, moved on step by step: what the hands would answer is said by the test.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use legion_model::reconcile::reconcile;
use legion_model::tickets::{
    Attempt, Evidence, GateSpec, GateVerdict, Item, NewTicket, OnUpstream, Phase, ProtectedChange, SessionName,
    SessionSettings, Stage, Ticket, TicketChanges, TicketId, TicketOutcome, TicketSpec, Work, jobs,
};
use legion_model::{
    AgentId, Answer, Body, Bounds, Command, DriverKind, Event, Exit, Fact, HireOrder, Limits, MessageId, Now,
    OnRestart, Order, Organisation, Outcome, Party, ProjectId, Refusal, Step, TicketOrder, TurnReport, Usage, World,
};
use uuid::Uuid;

pub struct Case {
    pub state: Organisation,
    pub at: Timestamp,
    ids: u128,
}

pub fn gate(command: &str) -> GateSpec {
    GateSpec { name: command.to_owned(), command: command.to_owned(), timeout_s: 60 }
}

pub fn spec(title: &str) -> TicketSpec {
    TicketSpec {
        title: title.to_owned(),
        prompt: Body::from("do it"),
        context: None,
        criteria: Vec::new(),
        plan: None,
        checkpoint: false,
        gates: vec![gate("test")],
        files: Vec::new(),
        team: None,
        role: None,
        group: None,
        worker: None,
        driver: Some(DriverKind::Command),
        command: Some(vec!["work".to_owned()]),
        model: None,
        max_attempts: 3,
        timeout_s: 600,
        on_upstream: OnUpstream::Wait,
    }
}

/// One that is done by a conversation.
pub fn talking(title: &str) -> TicketSpec {
    TicketSpec { driver: Some(DriverKind::Claude), command: None, ..spec(title) }
}

pub fn checkpoint(title: &str) -> TicketSpec {
    TicketSpec { checkpoint: true, driver: None, command: None, prompt: Body::from(""), ..spec(title) }
}

pub fn new(spec: TicketSpec, after: &[usize]) -> NewTicket {
    let after_new = after.iter().map(|index| (*index, spec.on_upstream)).collect();
    NewTicket { local: None, spec, after: BTreeMap::new(), after_new }
}

pub fn session() -> SessionName {
    "main".parse().expect("a name")
}

pub fn workers(workers: u32) -> SessionSettings {
    SessionSettings { workers, ..SessionSettings::default() }
}

impl Case {
    pub fn new(settings: SessionSettings) -> Self {
        Self::with(settings, Bounds::default())
    }

    pub fn with(settings: SessionSettings, bounds: Bounds) -> Self {
        let at = Timestamp::from_second(1_800_000_000).expect("a time");
        let mut case = Self { state: Organisation::new(bounds), at, ids: 0 };
        let project = ProjectId(case.id());
        case.step(Party::Root, Order::OpenProject { project, path: "/home".to_owned() }).expect("it is allowed");
        let open = TicketOrder::OpenSession { session: session(), base: "base".to_owned(), branch: None, settings };
        case.done(open);
        case
    }

    pub fn id(&mut self) -> Uuid {
        self.ids += 1;
        Uuid::from_u128(u128::MAX - self.ids)
    }

    pub fn later(&mut self, ms: u64) {
        self.at += Duration::from_millis(ms);
    }

    pub fn step(&mut self, by: Party, order: Order) -> Result<(Vec<Event>, Answer), Refusal> {
        let decided = self.state.step(&Command { at: self.at, by, key: None, order })?;
        Ok((decided.events, decided.answer))
    }

    pub fn order(&mut self, by: Party, order: TicketOrder) -> Result<(Vec<Event>, Answer), Refusal> {
        self.step(by, Order::Tickets(order))
    }

    pub fn done(&mut self, order: TicketOrder) -> Vec<Event> {
        self.order(Party::Root, order).expect("it is allowed").0
    }

    /// The sentence of a refusal, and its hint.
    pub fn refused(&mut self, order: TicketOrder) -> String {
        let before = self.state.clone();
        let refusal = self.order(Party::Root, order).expect_err("it is refused");
        assert_eq!(self.state, before, "a refusal changes nothing");
        let hint = refusal.hint.as_deref().unwrap_or_default();
        format!("{refusal} ({hint})")
    }

    pub fn add(&mut self, tickets: Vec<NewTicket>) -> Vec<TicketId> {
        self.add_by(Party::Root, tickets).expect("it is allowed")
    }

    pub fn add_by(&mut self, by: Party, tickets: Vec<NewTicket>) -> Result<Vec<TicketId>, Refusal> {
        match self.order(by, TicketOrder::Add { session: session(), tickets, settings: None })?.1 {
            Answer::Added { tickets, .. } => Ok(tickets),
            answer => panic!("{answer:?}"),
        }
    }

    pub fn one(&mut self, spec: TicketSpec) -> TicketId {
        self.add(vec![new(spec, &[])])[0]
    }

    pub fn retry(&mut self, ticket: TicketId) -> Vec<Event> {
        self.done(TicketOrder::Retry { ticket, feedback: None, changes: Box::new(TicketChanges::default()) })
    }

    pub fn stop(&mut self, ticket: TicketId) -> Vec<Event> {
        self.done(TicketOrder::Stop { tickets: vec![ticket] })
    }

    /// An agent that the person hires, to lead.
    pub fn leader(&mut self, limits: Limits) -> AgentId {
        self.hire(Party::Root, Some("/home".to_owned()), limits)
    }

    /// One that this agent hires, in its own directory.
    pub fn leader_of(&mut self, parent: Party) -> AgentId {
        self.hire(parent, None, Limits::default())
    }

    fn hire(&mut self, parent: Party, cwd: Option<String>, limits: Limits) -> AgentId {
        let agent = AgentId(self.id());
        let order = HireOrder {
            agent,
            message: MessageId(self.id()),
            parent,
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
            limits,
            on_restart: OnRestart::Idle,
            files: Vec::new(),
        };
        self.step(parent, Order::Hire(Box::new(order))).expect("there is room");
        agent
    }

    // --- Looking ---------------------------------------------------------------------------------------------------------

    pub fn ticket(&self, id: TicketId) -> &Ticket {
        &self.state.board.tickets[&id]
    }

    pub fn attempt(&self, id: TicketId) -> &Attempt {
        self.ticket(id).attempt().expect("it is open")
    }

    pub fn attempt_of(&self, id: TicketId) -> Option<&Attempt> {
        self.ticket(id).attempt()
    }

    pub fn ticket_outcome(&self, id: TicketId) -> Option<TicketOutcome> {
        match &self.ticket(id).phase {
            Phase::Closed { outcome, .. } => Some(outcome.clone()),
            _ => None,
        }
    }

    pub fn stage(&self, id: TicketId) -> Option<Stage> {
        self.ticket(id).attempt().map(|attempt| attempt.stage.clone())
    }

    pub fn status(&self, id: TicketId) -> &'static str {
        self.state.board.status(self.ticket(id)).as_str()
    }

    pub fn agent(&self, id: TicketId) -> AgentId {
        self.attempt(id).agent.expect("it has one")
    }

    pub fn works(&self) -> Vec<Work> {
        jobs(&self.state, self.at).0.into_iter().map(|(_, work)| work).collect()
    }

    /// Orders whose time has come.
    pub fn due(&self) -> Vec<Order> {
        let now = Now { wall: self.at, mono_ms: 0 };
        let (steps, _) = reconcile(&self.state, &World::default(), now);
        steps.into_iter().filter_map(|step| if let Step::Due(order) = step { Some(order) } else { None }).collect()
    }

    pub fn take_due(&mut self) -> Vec<Event> {
        let due = self.due();
        due.into_iter().flat_map(|order| self.step(Party::Root, order).expect("it is allowed").0).collect()
    }

    // --- What the hands answer --------------------------------------------------------------------------------------------

    pub fn prepare(&mut self, id: TicketId) -> Vec<Event> {
        let attempt = self.attempt(id);
        let dir = format!("/work/{}", attempt.place.as_ref().expect("it has a clone"));
        let base = self.state.board.sessions[&session()].tip.clone();
        let attempt = attempt.id;
        self.done(TicketOrder::Prepared { ticket: id, attempt, base, dir, assignment: Body::from("do it"), bytes: 5 })
    }

    pub fn prepare_review(&mut self, id: TicketId) -> AgentId {
        let attempt = self.attempt(id);
        let review = attempt.open_review().expect("one is under way");
        let (attempt, step, agent) = (attempt.id, review.step, review.agent);
        let dir = format!("/work/{}", review.place);
        let assignment = Body::from("look at it");
        self.done(TicketOrder::ReviewPrepared { ticket: id, attempt, step, dir, assignment, bytes: 10 });
        agent
    }

    /// A conversation takes up what it was told, and ends its turn.
    pub fn turn(&mut self, agent: AgentId) -> Vec<Event> {
        let known = &self.state.agents[&agent];
        let run = known.run.as_ref().expect("it works");
        let mut facts: Vec<Fact> = run.unseen.keys().map(|injection| Fact::Seen(*injection)).collect();
        facts.push(Fact::TurnEnded(TurnReport {
            outcome: Outcome::Completed,
            text: Body::from("what it said"),
            error: None,
            exit_code: None,
            usage: Usage::default(),
            cost_total: None,
            cost_continues: false,
            turns: Some(1),
        }));
        let process = run.process;
        let offset = self.state.processes[&process].offset + 10;
        self.step(Party::Root, Order::Observed { process, offset, facts }).expect("it is allowed").0
    }

    /// The process of an agent comes to its end. It may be fired already.
    pub fn exits(&mut self, agent: AgentId, exit: Exit) -> Vec<Event> {
        self.exits_with(agent, exit, None)
    }

    /// Its process dies before it has taken what it was told.
    pub fn dies_unseeing(&mut self, agent: AgentId) -> Vec<Event> {
        let process = self.state.processes.values().find(|process| process.agent == agent).expect("it has one").id;
        let order = Order::ProcessEnded {
            process,
            offset: 1_000,
            exit: Exit::Signal(9),
            seen: Vec::new(),
            result: Body::from(""),
            error: None,
            at_start: false,
        };
        self.step(Party::Root, order).expect("it is allowed").0
    }

    pub fn exits_with(&mut self, agent: AgentId, exit: Exit, error: Option<&str>) -> Vec<Event> {
        let process = self.state.processes.values().find(|process| process.agent == agent).expect("it has one").id;
        let run = self.state.agents.get(&agent).and_then(|agent| agent.run.as_ref());
        let seen = run.iter().flat_map(|run| run.unseen.keys().copied()).collect();
        let order = Order::ProcessEnded {
            process,
            offset: 1_000,
            exit,
            seen,
            result: Body::from("what it said"),
            error: error.map(str::to_owned),
            at_start: false,
        };
        self.step(Party::Root, order).expect("it is allowed").0
    }

    pub fn collect(&mut self, id: TicketId, head: &str, changed: bool, protected: &[&str]) -> Vec<Event> {
        let attempt = self.attempt(id).id;
        let protected = protected
            .iter()
            .map(|path| ProtectedChange { path: (*path).to_owned(), object: Some(head.to_owned()) })
            .collect();
        let evidence = Evidence {
            head: head.to_owned(),
            tree: format!("tree of {head}"),
            commits: u32::from(changed),
            changed,
            auto_committed: false,
            files: 1,
            insertions: 1,
            deletions: 0,
            protected,
            notes: Vec::new(),
        };
        self.done(TicketOrder::Collected { ticket: id, attempt, evidence: Box::new(evidence) })
    }

    /// Its agent does it; it is taken in.
    pub fn work(&mut self, id: TicketId, head: &str) -> Vec<Event> {
        self.prepare(id);
        let agent = self.agent(id);
        self.exits(agent, Exit::Code(0));
        self.collect(id, head, true, &[])
    }

    pub fn build(&mut self, commit: &str, tree: &str) -> Vec<Event> {
        let landing = self.landing();
        self.done(TicketOrder::Built {
            session: session(),
            landing,
            commit: commit.to_owned(),
            tree: tree.to_owned(),
            target_gates: Vec::new(),
        })
    }

    pub fn conflict(&mut self) -> Vec<Event> {
        let landing = self.landing();
        let (files, detail) = (vec!["src/lib.rs".to_owned()], Body::from("<<<<<<<"));
        self.done(TicketOrder::Conflicted { session: session(), landing, files, detail })
    }

    pub fn judge(&mut self, verdict: GateVerdict) -> Vec<Event> {
        let landing = self.state.board.sessions[&session()].landing.as_ref().expect("one is open");
        let (id, run) = (landing.id, landing.run.as_ref().expect("a gate runs").id);
        self.done(TicketOrder::GateEnded {
            session: session(),
            landing: id,
            run,
            verdict,
            exit_code: (verdict == GateVerdict::Failed).then_some(101),
            ms: 60_000,
            log: Body::from("3 tests failed"),
        })
    }

    pub fn moved(&mut self) -> Vec<Event> {
        let landing = self.landing();
        self.done(TicketOrder::Moved { session: session(), landing })
    }

    fn landing(&self) -> legion_model::LandingId {
        self.state.board.sessions[&session()].landing.as_ref().expect("one is open").id
    }

    /// All of it: worked, tested, merged.
    pub fn finish(&mut self, id: TicketId) {
        if self.ticket(id).spec.has_agent() {
            self.work(id, &format!("head of {id}"));
        }
        let landing = self.state.board.sessions[&session()].landing.as_ref().expect("it is landed");
        assert!(matches!(landing.item, Item::Attempt { ticket, .. } if ticket == id));
        self.build(&format!("merge of {id}"), &format!("tree of {id}"));
        while self.state.board.sessions[&session()].landing.as_ref().is_some_and(|landing| landing.run.is_some()) {
            self.judge(GateVerdict::Passed);
        }
        self.moved();
        assert_eq!(self.status(id), "done");
    }
}
