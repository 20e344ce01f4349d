//! What an agent's money is when its calls go through the gateway: the gateway's figure, once.

use legion_model::gateway::NanoUsd;
use legion_model::{
    AgentId, Body, Command, Event, Fact, MicroUsd, Order, Organisation, Outcome, Party, ProcessId, TurnReport, Usage,
};
use serde_json::json;
use uuid::Uuid;

const AGENT: AgentId = AgentId(Uuid::from_u128(2));

/// An agent with a budget of 100 millionths, with an open run.
struct Case {
    state: Organisation,
    process: ProcessId,
    offset: u64,
}

impl Case {
    fn new() -> Self {
        let mut state = Organisation::default();
        let at = "2026-03-04T05:06:07Z".parse().expect("a time");
        let spec = json!({"driver": "claude", "cwd": "/w", "permission_mode": "default", "limits": {"budget": 100}});
        let hired = json!({
            "kind": "agent-hired", "agent": AGENT, "name": "a", "role": null, "parent": "root", "by": "root", "spec": spec,
        });
        state.apply(&serde_json::from_value(hired).expect("an event"), at);
        let mut case = Self { state, process: ProcessId(Uuid::nil()), offset: 0 };
        case.told(1);
        case.process = case.state.agents[&AGENT].process.expect("it runs");
        case
    }

    fn told(&mut self, number: u128) {
        let message = legion_model::MessageId(Uuid::from_u128(number));
        self.gives(Order::Tell {
            message,
            to: AGENT.into(),
            body: Body::from("go"),
            bytes: 2,
            now: false,
            deadline: None,
        });
    }

    fn gives(&mut self, order: Order) -> Vec<Event> {
        self.state.step(&Command::own(self.state.last_at, order)).expect("it is allowed").events
    }

    /// The turn ends, and the program says what it has cost so far.
    fn turn_ends(&mut self, cost_total: u64) {
        let run = self.state.agents[&AGENT].run.as_ref().expect("a run is open");
        let prompt = run.prompt.expect("it began with one");
        self.offset += 10;
        let report = TurnReport {
            outcome: Outcome::Completed,
            text: Body::from("done"),
            error: None,
            exit_code: None,
            usage: Usage::default(),
            cost_total: Some(MicroUsd(cost_total)),
            cost_continues: false,
            turns: Some(1),
        };
        let facts = vec![Fact::Seen(prompt), Fact::TurnEnded(report)];
        self.gives(Order::Observed { process: self.process, offset: self.offset, facts });
    }

    fn metered(&mut self, nanos: u64) {
        let agent = &self.state.agents[&AGENT];
        let run = agent.run.as_ref().map(|run| run.id).or(agent.last_run.as_ref().map(|run| run.id));
        self.gives(Order::AgentMetered { agent: AGENT, run, total: NanoUsd(nanos) });
    }

    fn spent(&self) -> u64 {
        self.state.agents[&AGENT].spent.0
    }
}

#[test]
fn a_program_beside_the_gateway_is_believed() {
    let mut case = Case::new();
    case.turn_ends(40);
    assert_eq!(case.spent(), 40);
}

#[test]
fn the_gateways_figure_wins_over_what_the_program_says() {
    let mut case = Case::new();
    case.gives(Order::ProcessMetered { process: case.process });
    case.metered(10_500);
    assert_eq!(case.spent(), 11, "a begun millionth is a whole one");
    case.turn_ends(99);
    let last = case.state.agents[&AGENT].last_run.clone().expect("it ended");
    assert_eq!((case.spent(), last.cost), (11, Some(MicroUsd(11))));
    // The last call of the run is settled behind its end.
    case.metered(20_000);
    case.metered(20_000);
    case.metered(15_000);
    let last = case.state.agents[&AGENT].last_run.clone().expect("it ended");
    assert_eq!((case.spent(), last.cost), (20, Some(MicroUsd(20))));
}

#[test]
fn the_next_run_of_a_metered_process_counts_from_there() {
    let mut case = Case::new();
    case.gives(Order::ProcessMetered { process: case.process });
    case.metered(10_000);
    case.turn_ends(50);
    case.told(2);
    case.metered(30_000);
    case.turn_ends(80);
    let last = case.state.agents[&AGENT].last_run.clone().expect("it ended");
    assert_eq!((case.spent(), last.cost), (30, Some(MicroUsd(20))));
}

#[test]
fn a_budget_that_the_gateway_sees_used_up_ends_the_run() {
    let mut case = Case::new();
    case.gives(Order::ProcessMetered { process: case.process });
    case.metered(100_001);
    let ending = case.state.agents[&AGENT].run.as_ref().and_then(|run| run.ending.clone()).expect("it is ended");
    assert_eq!(ending.outcome, Outcome::Limit);
    assert!(ending.why.contains("budget"), "{}", ending.why);
}

#[test]
fn a_refused_call_ends_its_run_and_no_other() {
    let mut case = Case::new();
    let run = case.state.agents[&AGENT].run.as_ref().expect("open").id;
    let other = AGENT.run(9);
    assert!(case.gives(Order::MoneyUsedUp { agent: AGENT, run: other, why: "x".to_owned() }).is_empty());
    case.gives(Order::MoneyUsedUp { agent: AGENT, run, why: "the budget of ticket #3 is used up".to_owned() });
    let ending = case.state.agents[&AGENT].run.as_ref().and_then(|run| run.ending.clone()).expect("it is ended");
    assert_eq!((ending.outcome, ending.why.as_str()), (Outcome::Limit, "the budget of ticket #3 is used up"));
    assert!(case.gives(Order::MoneyUsedUp { agent: AGENT, run, why: "again".to_owned() }).is_empty());
}

#[test]
fn what_went_through_the_gateway_stays_apart_when_an_agent_is_fired() {
    let mut case = Case::new();
    let child = AgentId(Uuid::from_u128(3));
    let spec = json!({"driver": "claude", "cwd": "/w", "permission_mode": "default"});
    let hired = json!({
        "kind": "agent-hired", "agent": child, "name": "b", "role": null, "parent": AGENT, "by": AGENT, "spec": spec,
    });
    case.state.apply(&serde_json::from_value(hired).expect("an event"), case.state.last_at);
    case.gives(Order::AgentMetered { agent: child, run: None, total: NanoUsd(20_000) });
    case.turn_ends(7);
    let parent = |case: &Case| {
        let agent = &case.state.agents[&AGENT];
        (case.state.spent(agent).0, case.state.spent_beside_gateway(agent).0)
    };
    assert_eq!(parent(&case), (27, 7));
    case.gives(Order::Fire { agent: child, keep_reports: false });
    assert_eq!(parent(&case), (27, 7));
    assert_eq!(Party::from(AGENT), AGENT.into());
}
