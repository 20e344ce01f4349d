//! Single cases that the simulation found, told step by step.

use std::time::Duration;

use jiff::Timestamp;
use legion_model::reconcile::reconcile;
use legion_model::{
    AgentId, Body, Bounds, Command, DriverKind, Event, Exit, Fact, HireOrder, InjectionId, Limits, MessageId,
    MessageState, MicroUsd, Now, OnRestart, Order, Organisation, Outcome, Party, ProcessId, ProcessView, Refusal, Step,
    TurnReport, Usage, World,
};
use uuid::Uuid;

struct Case {
    state: Organisation,
    at: Timestamp,
    ids: u128,
    offset: u64,
}

impl Case {
    fn new() -> Self {
        let at = Timestamp::from_second(1_800_000_000).expect("a time");
        Self { state: Organisation::new(Bounds::default()), at, ids: 0, offset: 0 }
    }

    fn later(&mut self, seconds: u64) {
        self.at += Duration::from_secs(seconds);
    }

    fn id(&mut self) -> Uuid {
        // Falling, so that an order by id is never the right one by chance.
        self.ids += 1;
        Uuid::from_u128(u128::MAX - self.ids)
    }

    fn step(&mut self, order: Order) -> Result<Vec<Event>, Refusal> {
        Ok(self.state.step(&Command::own(self.at, order))?.events)
    }

    fn done(&mut self, order: Order) -> Vec<Event> {
        self.step(order).expect("it is allowed")
    }

    fn hire_with(&mut self, parent: Party, driver: DriverKind, budget: Option<u64>) -> Result<AgentId, Refusal> {
        let agent = AgentId(self.id());
        let order = HireOrder {
            agent,
            message: MessageId(self.id()),
            parent,
            task: Body::from("do it"),
            task_head: "do it".to_owned(),
            task_bytes: 5,
            name: None,
            role: None,
            driver,
            command: (driver == DriverKind::Command).then(|| vec!["true".to_owned()]),
            model: None,
            cwd: Some("/work".to_owned()),
            tools: None,
            permission_mode: None,
            containment: legion_model::ContainmentAsk::default(),
            limits: Limits { budget: budget.map(MicroUsd), ..Limits::default() },
            on_restart: OnRestart::Idle,
            files: Vec::new(),
        };
        self.step(Order::Hire(Box::new(order)))?;
        Ok(agent)
    }

    fn hire(&mut self, driver: DriverKind) -> AgentId {
        self.hire_with(Party::Root, driver, None).expect("there is room")
    }

    fn tell(&mut self, to: AgentId, deadline: Option<Timestamp>) -> MessageId {
        let message = MessageId(self.id());
        self.done(Order::Tell { message, to: to.into(), body: Body::from("well"), bytes: 4, now: false, deadline });
        message
    }

    fn process(&self, agent: AgentId) -> ProcessId {
        self.state.agents[&agent].process.expect("it has a process")
    }

    fn prompt(&self, agent: AgentId) -> (InjectionId, Vec<MessageId>) {
        let run = self.state.agents[&agent].run.as_ref().expect("it works");
        let (injection, messages) = run.unseen.first_key_value().expect("its prompt is not seen");
        (*injection, messages.clone())
    }

    fn observe(&mut self, agent: AgentId, facts: Vec<Fact>) -> Vec<Event> {
        self.offset += 10;
        let (process, offset) = (self.process(agent), self.offset);
        self.done(Order::Observed { process, offset, facts })
    }

    fn dies(&mut self, agent: AgentId) -> Vec<Event> {
        self.exits(agent, Exit::Lost)
    }

    fn exits(&mut self, agent: AgentId, exit: Exit) -> Vec<Event> {
        let process = self.process(agent);
        self.done(Order::ProcessEnded {
            process,
            offset: self.offset,
            exit,
            seen: Vec::new(),
            result: Body::from(""),
            error: None,
            at_start: false,
        })
    }

    fn interrupt(&mut self, agent: AgentId) {
        let message = MessageId(self.id());
        self.done(Order::Interrupt { agent, message, body: None, bytes: 0 });
    }

    /// The prompt is taken up and answered; the agent is idle, and warm.
    fn works(&mut self, agent: AgentId) {
        let (prompt, _) = self.prompt(agent);
        self.observe(agent, vec![Fact::TurnBegan, Fact::Seen(prompt), turn_ended(1)]);
    }
}

fn turn_ended(cost: u64) -> Fact {
    Fact::TurnEnded(TurnReport {
        outcome: Outcome::Completed,
        text: Body::from("done"),
        error: None,
        exit_code: None,
        usage: Usage::default(),
        cost_total: Some(MicroUsd(cost)),
        cost_continues: false,
        turns: Some(1),
    })
}

#[test]
fn a_message_is_not_delivered_after_its_deadline() {
    let mut case = Case::new();
    let agent = case.hire(DriverKind::Claude);
    let late = case.tell(agent, Some(case.at + Duration::from_secs(10)));
    let other = case.tell(agent, None);
    case.later(60);
    case.works(agent);
    assert_eq!(case.prompt(agent).1, [other]);
    case.done(Order::MessageTimeUp { message: late });
    assert_eq!(case.state.messages[&late].state, MessageState::Expired);
}

#[test]
fn messages_of_one_instant_come_back_in_their_order() {
    let mut case = Case::new();
    let agent = case.hire(DriverKind::Claude);
    let told: Vec<MessageId> = (0..5).map(|_| case.tell(agent, None)).collect();
    case.works(agent);
    assert_eq!(case.prompt(agent).1, told);
    case.dies(agent);
    assert_eq!(case.prompt(agent).1, told);
}

#[test]
fn a_redirect_stays_before_what_comes_back() {
    let mut case = Case::new();
    let agent = case.hire(DriverKind::Command);
    let (_, task) = case.prompt(agent);
    let redirect = MessageId(case.id());
    case.done(Order::Interrupt { agent, message: redirect, body: Some(Body::from("rather this")), bytes: 11 });
    // It dies before it has taken up its task.
    case.dies(agent);
    assert_eq!(case.prompt(agent).1, [redirect]);
    assert_eq!(Vec::from(case.state.agents[&agent].queue.clone()), task);
}

#[test]
fn the_end_of_a_turn_of_its_own_does_not_answer_a_prompt() {
    let mut case = Case::new();
    let agent = case.hire(DriverKind::Claude);
    case.works(agent);
    let message = case.tell(agent, None);
    let (prompt, _) = case.prompt(agent);
    // It had begun a turn by itself: that turn ends, and the prompt is not taken up, perhaps not even written.
    case.observe(agent, vec![Fact::TurnBegan, turn_ended(2)]);
    assert_eq!(case.state.messages[&message].state, MessageState::Injected);
    assert!(case.state.agents[&agent].run.is_some());
    case.observe(agent, vec![Fact::TurnBegan, Fact::Seen(prompt), turn_ended(3)]);
    assert_eq!(case.state.messages[&message].state, MessageState::Acted);
    assert!(case.state.agents[&agent].run.is_none());
    assert_eq!(case.state.agents[&agent].spent, MicroUsd(3));
}

#[test]
fn money_is_set_aside_once_also_by_those_without_a_budget() {
    let mut case = Case::new();
    let top = case.hire_with(Party::Root, DriverKind::Claude, Some(10)).expect("there is room");
    case.hire_with(top.into(), DriverKind::Claude, Some(9)).expect("9 of 10");
    let middle = case.hire_with(top.into(), DriverKind::Claude, None).expect("1 is left");
    let refused = case.hire_with(middle.into(), DriverKind::Claude, Some(2)).expect_err("1 is left");
    assert_eq!(refused.kind, legion_model::RefusalKind::Limit);
    case.hire_with(middle.into(), DriverKind::Claude, Some(1)).expect("1 of 1");
}

#[test]
fn everything_is_given_up_when_the_budget_is_used_up() {
    let mut case = Case::new();
    let top = case.hire_with(Party::Root, DriverKind::Claude, Some(10)).expect("there is room");
    let worker = case.hire_with(top.into(), DriverKind::Command, None).expect("there is room");
    let told: Vec<MessageId> = (0..3).map(|_| case.tell(worker, None)).collect();
    let (prompt, _) = case.prompt(top);
    case.observe(top, vec![Fact::Seen(prompt), turn_ended(11)]);
    case.dies(worker);
    for message in told {
        assert_eq!(case.state.messages[&message].state, MessageState::Expired);
    }
    assert!(case.state.wanting.iter().all(|agent| *agent != worker));
}

/// A world in which an agent's process lives and was silent for all of `mono_ms`.
fn silent(case: &Case, agent: AgentId) -> World {
    let run = case.state.agents[&agent].run.as_ref().expect("it works");
    let written = run.unseen.keys().map(|injection| injection.0).collect();
    let view = ProcessView { connected: true, written, ..ProcessView::default() };
    World { processes: [(case.process(agent), view)].into(), ..World::default() }
}

#[test]
fn an_agent_is_not_judged_by_the_time_it_waited() {
    let mut case = Case::new();
    let (agent, other) = (case.hire(DriverKind::Claude), case.hire(DriverKind::Claude));
    case.works(other);
    case.dies(other);
    case.done(Order::BeginWait { waiter: agent, target: other });
    let mut world = silent(&case, agent);
    let now = Now { wall: case.at, mono_ms: 10 * case.state.bounds.hung_ms };
    let (steps, wake_ms) = reconcile(&case.state, &world, now);
    assert_eq!(steps, []);
    assert!(wake_ms.is_none_or(|wake| wake > now.mono_ms + 1_000), "it is not polled: {wake_ms:?}");

    case.done(Order::EndWait { waiter: agent, target: other });
    let run = case.state.agents[&agent].run.as_ref().expect("it works").id;
    case.done(Order::Suspect { run, agent, why: "silence".to_owned() });
    // Silence alone is no proof: it is probed, and has time to answer.
    let (steps, wake_ms) = reconcile(&case.state, &world, now);
    let process = case.process(agent);
    assert_eq!(steps, [Step::Probe { process, run }]);
    let next = wake_ms.expect("it is looked at again");
    world.processes.get_mut(&process).expect("it is there").probed_ms = Some(now.mono_ms);
    assert_eq!(reconcile(&case.state, &world, now).0, []);
    let (steps, _) = reconcile(&case.state, &world, Now { mono_ms: next, ..now });
    assert!(matches!(&steps[..], [Step::Due(Order::Hung { .. })]), "{steps:?}");
}

#[test]
fn a_turn_that_goes_on_after_an_interrupt_is_interrupted_again() {
    let mut case = Case::new();
    let agent = case.hire(DriverKind::Claude);
    case.works(agent);
    case.tell(agent, None);
    let process = case.process(agent);
    let run = case.state.agents[&agent].run.as_ref().expect("it works").id;
    let mut world = silent(&case, agent);
    let mut steps = |case: &Case| {
        let (steps, _) = reconcile(&case.state, &world, Now { wall: case.at, mono_ms: 1 });
        if let Some(Step::Interrupt { number, .. }) = steps.first() {
            world.processes.get_mut(&process).expect("it is there").interrupted = Some((run, *number));
        }
        steps
    };
    case.interrupt(agent);
    assert_eq!(steps(&case), [Step::Interrupt { process, run, number: 1 }]);
    case.interrupt(agent);
    assert_eq!(steps(&case), [], "it was asked");
    // A turn that it had begun by itself ends; what was written to it comes next.
    case.observe(agent, vec![Fact::TurnBegan, turn_ended(2)]);
    assert_eq!(steps(&case), []);
    case.interrupt(agent);
    assert_eq!(steps(&case), [Step::Interrupt { process, run, number: 2 }]);
}

#[test]
fn a_program_that_takes_its_end_well_was_interrupted_all_the_same() {
    let mut case = Case::new();
    let agent = case.hire(DriverKind::Command);
    case.interrupt(agent);
    case.exits(agent, Exit::Code(0));
    let ended = case.state.agents[&agent].last_run.as_ref().expect("it ended");
    assert_eq!((ended.outcome, ended.exit_code), (Outcome::Interrupted, Some(0)));
}
