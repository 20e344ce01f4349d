//! A long log, made by the model itself and written through the store.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use legion_model::{
    AgentId, Body, Bounds, Command, DriverKind, Event, Exit, Fact, HireOrder, Key, Limits, MessageId, MicroUsd,
    OnRestart, Order, Organisation, Outcome, Party, ProjectId, TurnReport, Usage,
};
use legion_store::{Log, NewRecord, StreamId, encode};
use legion_store_sqlite::SqliteLog;
use uuid::Uuid;

/// Agents below the person, and below each of those.
pub const MANAGERS: usize = 10;
const WORKERS: usize = 9;
/// Records of one append.
const BATCH: usize = 5_000;

/// Writes a log of at least `events` events of one project in `directory`: a tree of managers with workers, which are told things, work,
/// report and end. Nothing is open at its end. Returns the number of events.
pub async fn write(database: &Path, directory: &Path, events: usize) -> usize {
    let project = ProjectId(Uuid::now_v7());
    let events = History::new(project, directory).of(events).events;
    let log = SqliteLog::open(database).expect("the log opens");
    let stream = StreamId::project(project.0);
    let mut version = 0;
    for batch in events.chunks(BATCH) {
        let records = batch.iter().map(|(at, event)| {
            let (kind, schema, body) = encode(event);
            NewRecord { at: *at, kind, schema, body }
        });
        version = log.append(&stream, version, records.collect()).await.expect("appended").version;
    }
    log.close().await;
    events.len()
}

struct History {
    state: Organisation,
    at: Timestamp,
    directory: String,
    offset: u64,
    events: Vec<(Timestamp, Event)>,
}

impl History {
    fn new(project: ProjectId, directory: &Path) -> Self {
        let mut history = Self {
            state: Organisation::new(Bounds::default()),
            at: Timestamp::from_second(1_750_000_000).expect("a time"),
            directory: directory.display().to_string(),
            offset: 0,
            events: Vec::new(),
        };
        let path = history.directory.clone();
        history.step(None, Order::OpenProject { project, path });
        history
    }

    fn of(mut self, events: usize) -> Self {
        let mut agents = Vec::new();
        for _ in 0..MANAGERS {
            let manager = self.hire(Party::Root);
            agents.push(manager);
            for _ in 0..WORKERS {
                agents.push(self.hire(manager.into()));
            }
        }
        for agent in agents.iter().cycle() {
            self.work(*agent);
            if self.events.len() >= events {
                break;
            }
            self.tell(*agent);
            self.step(None, Order::Ack { messages: None });
        }
        // What was told last, or reported up, is still worked on.
        while let Some(agent) = self.state.agents.values().find(|agent| agent.run.is_some()).map(|agent| agent.id) {
            self.work(agent);
        }
        self
    }

    fn step(&mut self, key: Option<Key>, order: Order) {
        self.at += Duration::from_millis(7);
        let command = Command { at: self.at, by: Party::Root, key, order };
        let decided = self.state.step(&command).expect("nothing here is refused");
        self.events.extend(decided.events.into_iter().map(|event| (self.at, event)));
    }

    fn hire(&mut self, parent: Party) -> AgentId {
        let agent = AgentId(Uuid::now_v7());
        let order = HireOrder {
            agent,
            message: MessageId(Uuid::now_v7()),
            parent,
            task: Body::from("Write the parser of the configuration file, with tests for every error it can report."),
            task_head: "Write the parser".to_owned(),
            task_bytes: 87,
            name: None,
            role: Some("developer".to_owned()),
            driver: DriverKind::Claude,
            command: None,
            model: Some("claude-sonnet-4-5".to_owned()),
            cwd: Some(self.directory.clone()),
            tools: None,
            permission_mode: None,
            containment: legion_model::ContainmentAsk::default(),
            limits: Limits::default(),
            on_restart: OnRestart::Idle,
            files: Vec::new(),
        };
        self.step(Some(key()), Order::Hire(Box::new(order)));
        agent
    }

    fn tell(&mut self, agent: AgentId) {
        let body = Body::from("Please look at the review of your last change, and answer each remark.");
        let message = MessageId(Uuid::now_v7());
        let order = Order::Tell { message, to: agent.into(), body, bytes: 70, now: false, deadline: None };
        self.step(Some(key()), order);
    }

    /// The open run of an agent is started, seen and ended, and so is its process.
    fn work(&mut self, agent: AgentId) {
        let Some(run) = self.state.agents[&agent].run.clone() else { return };
        let process = run.process;
        self.offset += 1_000;
        self.step(None, Order::ProcessStarted { process, pid: 4_711 });
        let facts = run.unseen.keys().map(|injection| Fact::Seen(*injection)).collect();
        self.step(None, Order::Observed { process, offset: self.offset, facts });
        let report = TurnReport {
            outcome: Outcome::Completed,
            text: Body::from("The parser is written; 14 tests pass. It reports the line and the column of each error."),
            error: None,
            exit_code: None,
            usage: Usage { input_tokens: 12_000, output_tokens: 900, cache_read_tokens: 80_000, cache_write_tokens: 9 },
            cost_total: Some(MicroUsd(1_000)),
            cost_continues: false,
            turns: Some(7),
        };
        let facts = vec![Fact::TurnEnded(report)];
        self.step(None, Order::Observed { process, offset: self.offset + 500, facts });
        // A message that waited opens its next run in the same process: that one is ended the same way.
        if self.state.agents[&agent].run.is_some() {
            return;
        }
        let order = Order::ProcessEnded {
            process,
            offset: self.offset + 900,
            exit: Exit::Code(0),
            seen: Vec::new(),
            result: Body::from(""),
            error: None,
            at_start: false,
        };
        self.step(None, order);
    }
}

fn key() -> Key {
    Key { key: Uuid::now_v7().to_string(), fingerprint: Uuid::now_v7().simple().to_string().repeat(2) }
}
