//! What is outside of the service and outlives it: directories of processes with their shims and transcripts, conversations.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use legion_model::{AgentId, ApprovalId, DriverKind, Exit, InjectionId, MessageId, ProcessId, TurnReport};

use crate::simulation::{Action, Simulation, Work};

/// One write into a program.
#[derive(Debug, Clone)]
pub struct Input {
    pub injection: InjectionId,
    pub messages: Vec<MessageId>,
}

/// A line of a transcript, as far as it means something.
#[derive(Debug, Clone)]
pub enum Line {
    /// The shim executed the program, with this on its standard input.
    Executed(Option<InjectionId>),
    Echo(InjectionId),
    TurnBegan,
    TurnEnded(Box<TurnReport>),
    Asked(String),
    Withdrew(String),
    Noise,
}

/// What a program is at.
#[derive(Debug, Clone, PartialEq)]
pub enum Activity {
    Idle,
    Turn { ends_ms: u64, asks: Option<String> },
    Hung,
}

/// The directory of one process: it is durable. What the program holds in memory lives here as well, while it lives.
pub struct Directory {
    pub agent: AgentId,
    pub driver: DriverKind,
    /// Taken for good: by a shim, or by a stop that came first.
    pub locked: bool,
    /// The program was executed.
    pub executed: bool,
    /// Shim and program live and die together.
    pub alive: bool,
    pub exit: Option<Exit>,
    /// Each line with the offset of its end.
    pub transcript: Vec<(u64, Line)>,
    pub inputs: BTreeSet<InjectionId>,
    pub answers: BTreeSet<ApprovalId>,
    /// Written to the program, not taken up.
    pub pipe: VecDeque<Input>,
    /// Taken up, and not in the session file yet.
    pub filing: Vec<Input>,
    pub activity: Activity,
    pub generation: u64,
    /// Running total of money of this process.
    pub cost: u64,
    pub requests: u32,
}

/// What an agent's program remembers over its processes.
#[derive(Default)]
pub struct Conversation {
    /// Ids in the session file, or of executions.
    pub filed: BTreeSet<InjectionId>,
    /// Messages in the order in which the agent got them.
    pub consumed: Vec<MessageId>,
    pub live: Option<ProcessId>,
    /// The running total of money, for programs that go on counting.
    pub cost: u64,
    pub counts_on: bool,
    /// Money of all turns whose end was written.
    pub spent: u64,
}

#[derive(Default)]
pub struct Outside {
    pub directories: BTreeMap<ProcessId, Directory>,
    pub conversations: BTreeMap<AgentId, Conversation>,
}

impl Directory {
    pub fn new(agent: AgentId, driver: DriverKind) -> Self {
        Self {
            agent,
            driver,
            locked: false,
            executed: false,
            alive: false,
            exit: None,
            transcript: Vec::new(),
            inputs: BTreeSet::new(),
            answers: BTreeSet::new(),
            pipe: VecDeque::new(),
            filing: Vec::new(),
            activity: Activity::Idle,
            generation: 0,
            cost: 0,
            requests: 0,
        }
    }

    pub fn end(&self) -> u64 {
        self.transcript.last().map_or(0, |(end, _)| *end)
    }
}

impl Simulation {
    /// A shim begins: it takes the lock, executes the program, and can be connected to.
    pub fn boot(&mut self, process: ProcessId, epoch: u64, input: Option<Input>) {
        let Some(directory) = self.outside.directories.get_mut(&process) else { return };
        if directory.locked {
            // Another shim was first, or nothing shall be started here any more.
            self.note(format!("shim of {process}: the lock is taken"));
            if epoch == self.epoch {
                self.plan_work(1, Work::Connect(process));
            }
            return;
        }
        directory.locked = true;
        let fails = self.random.below(100);
        if fails < self.habits.dies {
            self.note(format!("shim of {process}: cannot execute or dies first"));
            let directory = self.outside.directories.get_mut(&process).expect("it is there");
            directory.exit = fails.is_multiple_of(2).then(|| Exit::NotStarted("no such program".to_owned()));
        } else {
            self.execute(process, input);
        }
        if epoch == self.epoch {
            let delay = self.delay();
            self.plan_work(delay, Work::Connect(process));
        }
    }

    fn execute(&mut self, process: ProcessId, input: Option<Input>) {
        let directory = self.outside.directories.get_mut(&process).expect("the caller found it");
        let (agent, driver) = (directory.agent, directory.driver);
        self.note(format!("{process} of {agent} is executed with {:?}", input.as_ref().map(|input| input.injection)));
        let random = &mut self.random;
        let conversation = self.outside.conversations.entry(agent).or_insert_with(|| Conversation {
            counts_on: random.chance(50),
            cost: 0,
            ..Conversation::default()
        });
        if let Some(other) = conversation.live.replace(process) {
            return self.violate(format!("{process} of {agent} is executed while {other} lives"));
        }
        let directory = self.outside.directories.get_mut(&process).expect("it is there");
        directory.executed = true;
        directory.alive = true;
        if conversation.counts_on {
            directory.cost = conversation.cost;
        }
        self.write_line(process, Line::Executed(input.as_ref().map(|input| input.injection)));
        let Some(input) = input else { return };
        let directory = self.outside.directories.get_mut(&process).expect("it is there");
        directory.inputs.insert(input.injection);
        match driver {
            DriverKind::Claude => directory.pipe.push_back(input),
            DriverKind::Command => self.consume(process, &input),
        }
        self.begin(process);
    }

    /// The shim passes something on to the program, once.
    pub fn shim_input(&mut self, process: ProcessId, input: Input) {
        let Some(directory) = self.outside.directories.get_mut(&process).filter(|d| d.alive) else { return };
        if directory.inputs.insert(input.injection) {
            directory.pipe.push_back(input);
            if directory.activity == Activity::Idle {
                let delay = self.delay();
                self.plan_tick(process, delay);
            }
        }
    }

    /// The agent has a message for good.
    pub fn consume(&mut self, process: ProcessId, input: &Input) {
        let agent = self.outside.directories[&process].agent;
        let conversation = self.outside.conversations.get_mut(&agent).expect("it was executed");
        if !conversation.filed.insert(input.injection) {
            return self.violate(format!("{agent} got the write {} twice", input.injection));
        }
        for message in &input.messages {
            let conversation = self.outside.conversations.get_mut(&agent).expect("it was executed");
            if conversation.consumed.contains(message) {
                return self.violate(format!("{agent} got the message {message} twice"));
            }
            let order = self.audit.order_violation(&conversation.consumed, *message);
            conversation.consumed.push(*message);
            self.trace.line(self.mono_ms, format!("{agent} gets {message}"));
            if let Some(earlier) = order {
                return self.violate(format!("{agent} got {message} after the later {earlier}"));
            }
        }
    }

    pub fn write_line(&mut self, process: ProcessId, line: Line) {
        let length = self.random.between(1, 200);
        let Some(directory) = self.outside.directories.get_mut(&process) else { return };
        let end = directory.end() + length;
        self.trace.line(self.mono_ms, format!("{process} writes {line:?}"));
        directory.transcript.push((end, line));
        let delay = self.delay();
        if let Some(service) = &mut self.service
            && service.reading.insert(process)
        {
            self.plan_work(delay, Work::Read(process));
        }
    }

    /// The program ends, and its shim with it. Without an exit the shim could write nothing any more.
    pub fn program_dies(&mut self, process: ProcessId, exit: Option<Exit>) {
        let Some(directory) = self.outside.directories.get_mut(&process).filter(|d| d.alive) else { return };
        directory.alive = false;
        directory.pipe.clear();
        directory.filing.clear();
        directory.activity = Activity::Idle;
        directory.generation += 1;
        directory.exit.clone_from(&exit);
        let agent = directory.agent;
        if let Some(conversation) = self.outside.conversations.get_mut(&agent) {
            conversation.live.take_if(|live| *live == process);
        }
        self.note(format!("{process} of {agent} ends: {exit:?}"));
        if self.service.is_some() {
            let delay = self.delay();
            self.plan_work(delay, Work::Gone { process, at_start: false });
        }
    }

    pub fn plan_tick(&mut self, process: ProcessId, in_ms: u64) {
        let Some(directory) = self.outside.directories.get_mut(&process) else { return };
        directory.generation += 1;
        let generation = directory.generation;
        self.plan(in_ms, Action::Tick { process, generation });
    }
}
