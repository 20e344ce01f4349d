//! How long the pure parts take: folding a log from its text, reconciling, deciding. Each beside a baseline of the same run.
//!
//! `cargo bench -p legion-model` prints a line for each: `name: value (baseline) ratio`.

use std::hint::black_box;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use legion_model::reconcile::reconcile;
use legion_model::{
    AgentId, Body, Bounds, Command, DriverKind, Event, Fact, HireOrder, Limits, MessageId, MicroUsd, Now, OnRestart,
    Order, Organisation, Outcome, Party, ProcessView, TurnReport, Usage, World,
};
use uuid::Uuid;

/// Events that are folded, and the seconds that this may take.
const EVENTS: usize = 100_000;
const FOLD_SECONDS_MAX: f64 = 2.0;
/// Agents of the organisation that is reconciled, and how many of them have a process.
const AGENTS: usize = 1_000;
const PROCESSES: usize = 50;
/// Agents of the history that is folded.
const HISTORY_AGENTS: usize = 100;
const ROUNDS: u32 = 200;

fn main() {
    fold();
    reconcile_at_rest();
    tell();
}

/// A history made by the model itself: hires, messages, runs with their ends and reports, in the proportions of real work.
struct History {
    state: Organisation,
    at: Timestamp,
    ids: u128,
    events: Vec<(Timestamp, Event)>,
}

impl History {
    fn new() -> Self {
        let bounds = Bounds { processes_max: AGENTS, ..Bounds::default() };
        Self {
            state: Organisation::new(bounds),
            at: Timestamp::from_second(1_800_000_000).expect("a time"),
            ids: 0,
            events: Vec::new(),
        }
    }

    fn id(&mut self) -> Uuid {
        self.ids += 1;
        Uuid::from_u128((0x0193_0000_0000_7000_8000 << 48) + self.ids)
    }

    fn step(&mut self, by: Party, order: Order) {
        self.at += Duration::from_millis(7);
        let command = Command { at: self.at, by, key: None, order };
        let decided = self.state.step(&command).expect("nothing here is refused");
        self.events.extend(decided.events.into_iter().map(|event| (self.at, event)));
    }

    fn hire(&mut self, parent: Party) -> AgentId {
        let agent = AgentId(self.id());
        let order = HireOrder {
            agent,
            message: MessageId(self.id()),
            parent,
            task: Body::from("Write the parser of the configuration file, with tests for every error it can report."),
            task_head: "Write the parser".to_owned(),
            task_bytes: 87,
            name: None,
            role: Some("developer".to_owned()),
            driver: DriverKind::Claude,
            command: None,
            model: Some("claude-sonnet-4-5".to_owned()),
            cwd: Some("/work/project".to_owned()),
            tools: None,
            permission_mode: None,
            containment: legion_model::ContainmentAsk::default(),
            limits: Limits::default(),
            on_restart: OnRestart::Idle,
            files: Vec::new(),
        };
        self.step(Party::Root, Order::Hire(Box::new(order)));
        agent
    }

    /// The open run of an agent is started, seen and ended.
    fn work(&mut self, agent: AgentId, offset: u64) {
        let Some(run) = self.state.agents[&agent].run.clone() else { return };
        let process = run.process;
        self.step(Party::Root, Order::ProcessStarted { process, pid: 4_711 });
        let facts = run.unseen.keys().map(|injection| Fact::Seen(*injection)).collect();
        self.step(Party::Root, Order::Observed { process, offset: offset + 500, facts });
        let report = TurnReport {
            outcome: Outcome::Completed,
            text: Body::from("The parser is written; 14 tests pass. It reports the line and the column of each error."),
            error: None,
            exit_code: None,
            usage: Usage { input_tokens: 12_000, output_tokens: 900, cache_read_tokens: 80_000, cache_write_tokens: 9 },
            cost_total: Some(MicroUsd(offset * 100)),
            cost_continues: true,
            turns: Some(7),
        };
        self.step(
            Party::Root,
            Order::Observed { process, offset: offset + 1_000, facts: vec![Fact::TurnEnded(report)] },
        );
    }

    fn tell(&mut self, to: AgentId) {
        let message = MessageId(self.id());
        let body = Body::from("Please look at the review of your last change, and answer each remark.");
        self.step(Party::Root, tell_order(message, to, body));
    }
}

fn tell_order(message: MessageId, to: AgentId, body: Body) -> Order {
    Order::Tell { message, to: to.into(), body, bytes: 70, now: false, deadline: None }
}

/// A tree of ten managers with nine workers each, which are told things until the log is long enough.
fn history() -> History {
    let mut history = History::new();
    let mut agents = Vec::new();
    while agents.len() < HISTORY_AGENTS {
        let manager = history.hire(Party::Root);
        agents.push(manager);
        for _ in 0..9 {
            agents.push(history.hire(manager.into()));
        }
    }
    let mut offset = 1;
    let mut next = 0;
    while history.events.len() < EVENTS {
        let agent = agents[next % agents.len()];
        next += 1;
        offset += 1_000;
        history.tell(agent);
        history.work(agent, offset);
        history.step(Party::Root, Order::Ack { messages: None });
    }
    history.events.truncate(EVENTS);
    history
}

fn fold() {
    let history = history();
    let lines: Vec<(Timestamp, String)> =
        history.events.iter().map(|(at, event)| (*at, serde_json::to_string(event).expect("plain data"))).collect();
    let bytes: usize = lines.iter().map(|(_, line)| line.len()).sum();

    let parse = timed(|| {
        for (_, line) in &lines {
            black_box(serde_json::from_str::<serde_json::Value>(line).expect("JSON"));
        }
    });
    let mut state = Organisation::new(history.state.bounds.clone());
    let fold = timed(|| {
        for (at, line) in &lines {
            let event: Event = serde_json::from_str(line).expect("an event");
            state.apply(&event, *at);
        }
    });
    black_box(&state);
    println!("{EVENTS} events, {} bytes each on average, {} agents", bytes / EVENTS, state.agents.len());
    line("fold of 100,000 events from their text", fold, "parsing the same lines as JSON", parse, "s", 1.0);
    assert!(fold < FOLD_SECONDS_MAX, "folding took {fold:.2} s; at most {FOLD_SECONDS_MAX} s are allowed");
}

/// A thousand agents, nearly all idle; nothing has to be done.
fn reconcile_at_rest() {
    let mut history = History::new();
    let mut agents = Vec::new();
    for number in 0..AGENTS {
        let agent = history.hire(Party::Root);
        if number >= PROCESSES {
            // Its process ended: the agent is idle.
            history.work(agent, 1);
            let process = history.state.agents[&agent].process.expect("it worked");
            history.step(
                Party::Root,
                Order::ProcessEnded {
                    process,
                    offset: 2_000,
                    exit: legion_model::Exit::Code(0),
                    seen: Vec::new(),
                    result: Body::from(""),
                    error: None,
                    at_start: false,
                },
            );
        }
        agents.push(agent);
    }
    let state = &history.state;
    assert_eq!(state.processes.len(), PROCESSES);
    let mut world = World::default();
    for process in state.processes.values() {
        let run = state.agents[&process.agent].run.as_ref().expect("it works");
        let written = run.unseen.keys().map(|injection| injection.0).collect();
        world.processes.insert(process.id, ProcessView { connected: true, written, ..ProcessView::default() });
    }
    let now = Now { wall: history.at, mono_ms: 1 };
    let (steps, _) = reconcile(state, &world, now);
    assert!(steps.is_empty(), "nothing is to be done: {steps:?}");

    let walk = timed(|| {
        for _ in 0..ROUNDS {
            black_box(state.agents.values().filter(|agent| black_box(agent).run.is_some()).count());
        }
    });
    let took = timed(|| {
        for _ in 0..ROUNDS {
            black_box(reconcile(black_box(state), black_box(&world), now));
        }
    });
    line(
        "reconcile over 1,000 agents and 50 processes",
        took / f64::from(ROUNDS),
        "one walk over the agents",
        walk / f64::from(ROUNDS),
        "µs",
        1e6,
    );
}

/// One message to a working agent among a thousand.
fn tell() {
    let mut history = History::new();
    let agents: Vec<AgentId> = (0..AGENTS).map(|_| history.hire(Party::Root)).collect();
    let mut state = history.state;
    let commands: Vec<Command> = agents
        .iter()
        .enumerate()
        .map(|(number, agent)| {
            let message = MessageId(Uuid::from_u128((7 << 96) + number as u128));
            Command::own(history.at, tell_order(message, *agent, Body::from("Please look at the review.")))
        })
        .collect();
    let mut events = Vec::new();
    let took = timed(|| {
        for command in &commands {
            events.extend(state.step(command).expect("nothing is refused").events);
        }
    });
    let written = timed(|| {
        for event in &events {
            black_box(serde_json::to_string(event).expect("plain data"));
        }
    });
    let count = commands.len() as f64;
    line("step(Tell) among 1,000 agents", took / count, "writing its events as JSON", written / count, "µs", 1e6);
}

fn timed(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64()
}

fn line(name: &str, value: f64, baseline_name: &str, baseline: f64, unit: &str, scale: f64) {
    println!(
        "{name}: {:.3} {unit} ({baseline_name}: {:.3} {unit}) ratio {:.2}",
        value * scale,
        baseline * scale,
        value / baseline
    );
}
