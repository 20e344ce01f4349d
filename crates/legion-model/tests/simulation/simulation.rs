//! One simulated life of a project: an agenda of things to come, in virtual time.

use std::collections::BTreeMap;

use jiff::Timestamp;
use legion_model::{AgentId, Bounds, Command, Exit, InjectionId, Now, Organisation, ProcessId, Step};

use crate::audit::Audit;
use crate::bugs::Bug;
use crate::callers::Callers;
use crate::outside::{Input, Outside};
use crate::random::Random;
use crate::service::{Logged, Service};
use crate::trace::Trace;

/// Faults and calls happen in the first part of a history; then everything comes to rest.
pub const CHAOS_MS: u64 = 12 * 60_000;
/// Nothing that is still going on at this time will ever end.
const END_MS: u64 = 24 * 3_600_000;
/// Things that happen in one history at the most.
const ACTIONS_MAX: u64 = 40_000;
const EPOCH_S: i64 = 1_800_000_000;

/// Where in its work the service dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrashPoint {
    AtOnce,
    /// Decided, not appended.
    BeforeAppend,
    /// Appended; nobody was told and no step was taken.
    AfterAppend,
    /// Some of the steps were taken.
    AmongSteps,
}

/// Work of one life of the service. It is void when that life is over.
#[derive(Debug, Clone)]
pub enum Work {
    Commit,
    Wake,
    CarryOut(Step),
    Connect(ProcessId),
    Cut(ProcessId),
    Look(ProcessId),
    Read(ProcessId),
    Gone { process: ProcessId, at_start: bool },
    Submit(Box<Command>),
}

#[derive(Debug, Clone)]
pub enum Action {
    Work {
        epoch: u64,
        work: Work,
    },
    /// A shim begins.
    Boot {
        process: ProcessId,
        epoch: u64,
        input: Option<Input>,
    },
    /// An agent's program goes on.
    Tick {
        process: ProcessId,
        generation: u64,
    },
    OwnTurn {
        process: ProcessId,
    },
    Filed {
        process: ProcessId,
        injection: InjectionId,
    },
    Die {
        process: ProcessId,
        exit: Exit,
    },
    Orphans {
        epoch: u64,
    },
    Call,
    Repeat {
        call: usize,
    },
    EndWait {
        waiter: AgentId,
        target: AgentId,
    },
    Crash(CrashPoint),
    CrashIfArmed,
    Restart,
    KillAgent,
    KillShim,
    KillAll,
    /// The shim of this agent dies, in the moment in which something is on its way to the agent.
    Strike(AgentId),
    CutAny,
    Down,
    Jump {
        ms: i64,
    },
    Inspect,
}

/// How often what happens, so that seeds differ in kind.
pub struct Habits {
    pub duplicates: u64,
    pub slow: u64,
    pub own_turns: u64,
    pub hangs: u64,
    pub asks: u64,
    pub dies: u64,
    pub prompt_with_start: bool,
    pub command_agents: u64,
    pub budgets: u64,
    pub bursts: u64,
    pub strikes: u64,
}

pub struct Simulation {
    pub random: Random,
    pub bug: Option<Bug>,
    pub mono_ms: u64,
    pub wall_ms: i64,
    agenda: BTreeMap<(u64, u64), Action>,
    planned: u64,
    pub bounds: Bounds,
    pub habits: Habits,
    /// The durable log.
    pub log: Vec<Logged>,
    pub audit: Audit,
    pub service: Option<Service>,
    /// Lives of the service so far.
    pub epoch: u64,
    pub armed: Option<CrashPoint>,
    pub crashes: u32,
    pub outside: Outside,
    pub callers: Callers,
    pub trace: Trace,
    pub violation: Option<String>,
    pub inspections: u32,
}

/// What a history came to.
pub struct Ending {
    pub violation: Option<String>,
    pub hash: u64,
    pub events: usize,
    pub crashes: u32,
    pub inspections: u32,
    pub tail: String,
}

impl Simulation {
    pub fn run(seed: u64, bug: Option<Bug>) -> Ending {
        let mut simulation = Self::new(seed, bug);
        simulation.live();
        if simulation.violation.is_none() {
            simulation.check_quiet();
        }
        Ending {
            violation: simulation.violation,
            hash: simulation.trace.hash(),
            events: simulation.log.len(),
            crashes: simulation.crashes,
            inspections: simulation.inspections,
            tail: simulation.trace.tail(150),
        }
    }

    fn new(seed: u64, bug: Option<Bug>) -> Self {
        let mut random = Random::new(seed);
        let bounds = Bounds {
            headcount_max: random.between(4, 14) as u32,
            depth_max: random.between(2, 4) as u32,
            processes_max: random.between(2, 10) as usize,
            warm_max: random.between(0, 4) as usize,
            queue_max: random.between(4, 40) as usize,
            attempts_max: random.between(1, 4) as u32,
            ..Bounds::default()
        };
        let rare = |random: &mut Random, percent: u64| if random.chance(50) { random.below(percent) } else { 0 };
        let habits = Habits {
            duplicates: rare(&mut random, 30),
            slow: rare(&mut random, 40),
            own_turns: rare(&mut random, 60),
            hangs: rare(&mut random, 6),
            asks: rare(&mut random, 30),
            dies: rare(&mut random, 8),
            prompt_with_start: random.chance(50),
            command_agents: random.below(101),
            budgets: rare(&mut random, 100),
            bursts: rare(&mut random, 50),
            strikes: rare(&mut random, 40),
        };
        Self {
            random,
            bug,
            mono_ms: 0,
            wall_ms: 0,
            agenda: BTreeMap::new(),
            planned: 0,
            bounds,
            habits,
            log: Vec::new(),
            audit: Audit::default(),
            service: None,
            epoch: 0,
            armed: None,
            crashes: 0,
            outside: Outside::default(),
            callers: Callers::default(),
            trace: Trace::default(),
            violation: None,
            inspections: 0,
        }
    }

    fn live(&mut self) {
        self.plan_faults();
        self.plan_calls();
        self.start_service();
        let mut actions = 0;
        while self.violation.is_none() {
            let Some(((at, _), action)) = self.agenda.pop_first() else { return };
            self.mono_ms = self.mono_ms.max(at);
            actions += 1;
            if actions > ACTIONS_MAX || self.mono_ms > END_MS {
                return self.violate(format!("not live: still busy after {actions} actions, with {action:?}"));
            }
            self.act(action);
        }
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Work { epoch, work } if epoch == self.epoch && self.service.is_some() => self.work(work),
            Action::Work { .. } => {}
            Action::Boot { process, epoch, input } => self.boot(process, epoch, input),
            Action::Tick { process, generation } => self.tick(process, generation),
            Action::OwnTurn { process } => self.own_turn(process),
            Action::Filed { process, injection } => self.filed(process, injection),
            Action::Die { process, exit } => self.program_dies(process, Some(exit)),
            Action::Orphans { epoch } => self.orphans(epoch),
            Action::Call => self.call(),
            Action::Repeat { call } => self.repeat(call),
            Action::EndWait { waiter, target } => self.end_wait(waiter, target),
            Action::Crash(point) => self.arm(point),
            Action::CrashIfArmed => self.crash_if_armed(),
            Action::Restart => self.start_service(),
            Action::KillAgent => self.kill_agent(),
            Action::KillShim => self.kill_shim(),
            Action::KillAll => self.kill_all(),
            Action::Strike(agent) => self.strike(agent),
            Action::CutAny => self.cut_any(),
            Action::Down => self.go_down(),
            Action::Jump { ms } => {
                self.wall_ms += ms;
                self.note(format!("the wall clock jumps by {ms} ms"));
            }
            Action::Inspect => self.inspect(),
        }
    }

    /// Puts something on the agenda.
    pub fn plan(&mut self, in_ms: u64, action: Action) {
        self.planned += 1;
        self.agenda.insert((self.mono_ms + in_ms, self.planned), action);
    }

    /// Puts something on the agenda that this life of the service does.
    pub fn plan_work(&mut self, in_ms: u64, work: Work) {
        self.plan(in_ms, Action::Work { epoch: self.epoch, work });
    }

    /// Whether this life of the service has something under way, waking up aside.
    pub fn is_under_way(&self) -> bool {
        self.agenda.values().any(|action| match action {
            Action::Work { epoch, work } => *epoch == self.epoch && !matches!(work, Work::Wake),
            Action::Boot { .. } => true,
            _ => false,
        })
    }

    /// The chaos is over.
    pub fn is_calm(&self) -> bool {
        self.mono_ms > CHAOS_MS
    }

    /// How long something takes: mostly not long.
    pub fn delay(&mut self) -> u64 {
        if self.random.chance(self.habits.slow) { self.random.below(4_000) } else { self.random.below(30) }
    }

    /// The wall clock.
    pub fn wall(&self) -> Timestamp {
        let ms = EPOCH_S * 1_000 + self.mono_ms as i64 + self.wall_ms;
        Timestamp::from_millisecond(ms).expect("within the range of a century")
    }

    /// The keeper's time.
    pub fn now(&self, state: &Organisation) -> Now {
        Now { wall: self.wall().max(state.last_at), mono_ms: self.mono_ms }
    }

    pub fn note(&mut self, line: String) {
        self.trace.line(self.mono_ms, line);
    }

    pub fn violate(&mut self, what: String) {
        if self.violation.is_none() {
            self.note(format!("VIOLATION: {what}"));
            self.violation = Some(what);
        }
    }
}
