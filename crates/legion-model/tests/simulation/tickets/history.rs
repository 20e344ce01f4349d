//! One simulated life of a project with tickets: an agenda of things to come, in virtual time.

use std::collections::BTreeMap;

use jiff::Timestamp;
use legion_model::tickets::TicketId;
use legion_model::{Bounds, Now, Organisation, ProcessId};

use super::agenda::{Action, CrashPoint, Own};
use super::audit::Audit;
use super::bugs::Bug;
use super::people::People;
use super::programs::Program;
use super::repository::{Checkout, Repository};
use super::service::{Logged, Service};
use crate::random::Random;
use crate::trace::Trace;

/// Faults and orders of people happen in the first part of a history; then everything comes to rest.
pub const CHAOS_MS: u64 = 15 * 60_000;
/// Nothing that is still going on at this time will ever end.
const END_MS: u64 = 96 * 3_600_000;
/// Events of one history at the most: nothing is said again and again.
const EVENTS_MAX: usize = 6_000;
/// Things that happen in one history at the most.
const ACTIONS_MAX: u64 = 60_000;
const EPOCH_S: i64 = 1_800_000_000;

/// How often what happens, in percent, so that seeds differ in kind.
pub struct Habits {
    pub slow: u64,
    pub work_fails: u64,
    pub work_fatal: u64,
    pub twice: u64,
    pub idle_agents: u64,
    pub not_done: u64,
    pub fails: u64,
    pub hangs: u64,
    pub dies: u64,
    pub unstartable: u64,
    pub subs: u64,
    pub own_turns: u64,
    pub rejects: u64,
    pub silent: u64,
    pub protected: u64,
    pub gates_lost: u64,
    pub unresolved: u64,
    pub commands: u64,
    pub intrudes: bool,
    pub through_json: bool,
}

pub struct History {
    pub random: Random,
    pub bug: Option<Bug>,
    pub mono_ms: u64,
    /// When the directory of the gates is free.
    pub gate_free_ms: u64,
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
    pub repository: Repository,
    pub checkouts: BTreeMap<String, Checkout>,
    pub programs: BTreeMap<ProcessId, Program>,
    pub people: People,
    pub edits: u64,
    /// Tickets that could begin since a time came.
    pub ready: BTreeMap<TicketId, u64>,
    pub traced: bool,
    pub trace: Trace,
    pub violation: Option<String>,
}

/// What a history came to.
pub struct Ending {
    pub violation: Option<String>,
    pub hash: u64,
    pub events: usize,
    pub crashes: u32,
    pub tickets: usize,
    pub merged: usize,
    pub tail: String,
}

impl History {
    /// Lives a history; one that does not hold once more, with its trace.
    pub fn run(seed: u64, bug: Option<Bug>) -> Ending {
        let ending = Self::run_traced(seed, bug, false);
        if ending.violation.is_some() { Self::run_traced(seed, bug, true) } else { ending }
    }

    pub fn run_traced(seed: u64, bug: Option<Bug>, traced: bool) -> Ending {
        let mut history = Self::new(seed, bug, traced);
        history.live();
        if history.violation.is_none() {
            history.check_quiet();
        }
        Ending {
            hash: history.trace.hash(),
            events: history.log.len(),
            crashes: history.crashes,
            tickets: history.audit.tickets.len(),
            merged: history.repository.moves.len(),
            tail: history.trace.tail(150),
            violation: history.violation,
        }
    }

    fn new(seed: u64, bug: Option<Bug>, traced: bool) -> Self {
        // Not the histories of the hierarchy over again.
        let mut random = Random::new(seed ^ 0x7469_636b_6574_7300);
        let bounds = Bounds {
            headcount_max: random.between(12, 60) as u32,
            processes_max: random.between(3, 20) as usize,
            warm_max: random.between(0, 6) as usize,
            held_ms: random.between(5, 30) * 60_000,
            upstream_ms: random.between(10, 60) * 60_000,
            ..Bounds::default()
        };
        let rare = |random: &mut Random, percent: u64| if random.chance(50) { random.below(percent) } else { 0 };
        let habits = Habits {
            slow: rare(&mut random, 40),
            work_fails: rare(&mut random, 25),
            work_fatal: rare(&mut random, 10),
            twice: rare(&mut random, 40),
            idle_agents: rare(&mut random, 20),
            not_done: rare(&mut random, 15),
            fails: rare(&mut random, 25),
            hangs: rare(&mut random, 8),
            dies: rare(&mut random, 12),
            unstartable: rare(&mut random, 6),
            subs: rare(&mut random, 25),
            own_turns: rare(&mut random, 25),
            rejects: rare(&mut random, 40),
            silent: rare(&mut random, 25),
            protected: rare(&mut random, 25),
            gates_lost: rare(&mut random, 20),
            unresolved: rare(&mut random, 60),
            commands: rare(&mut random, 101),
            intrudes: random.chance(2),
            through_json: random.chance(15),
        };
        Self {
            random,
            bug,
            mono_ms: 0,
            gate_free_ms: 0,
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
            repository: Repository::default(),
            checkouts: BTreeMap::new(),
            programs: BTreeMap::new(),
            people: People::default(),
            edits: 0,
            ready: BTreeMap::new(),
            traced,
            trace: Trace::default(),
            violation: None,
        }
    }

    fn live(&mut self) {
        self.plan_faults();
        self.plan_people();
        self.start_service();
        self.open_project();
        let mut actions = 0;
        while self.violation.is_none() {
            let Some(((at, _), action)) = self.agenda.pop_first() else { return };
            self.mono_ms = self.mono_ms.max(at);
            actions += 1;
            if actions > ACTIONS_MAX || self.mono_ms > END_MS {
                return self.violate(format!("not live: still busy after {actions} actions, with {action:?}"));
            }
            self.act(action);
            if self.log.len() > EVENTS_MAX {
                return self.violate(format!("not bounded: {} events", self.log.len()));
            }
        }
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Own { epoch, own } if epoch == self.epoch && self.service.is_some() => self.own(own),
            Action::Own { .. } => {}
            Action::Boot { process, epoch, input } => self.boot(process, epoch, input),
            Action::TurnEnds { process, generation } => self.turn_ends(process, generation),
            Action::Die { process, exit } => self.program_dies(process, exit),
            Action::Person => self.person_acts(),
            Action::Leader => self.leader_acts(),
            Action::Crash(point) => self.arm(point),
            Action::CrashIfArmed => self.crash_if_armed(),
            Action::Restart => self.start_service(),
            Action::KillAny => self.kill_any(),
            Action::PowerOff => self.power_off(),
            Action::Down => self.go_down(),
            Action::Jump { ms } => self.wall_ms += ms,
            Action::Intrude => self.intrude(),
        }
    }

    fn own(&mut self, own: Own) {
        match own {
            Own::Commit => self.commit(),
            Own::Wake => self.wake(),
            Own::Do { job, work } => self.do_work(job, work),
            Own::Done { job } => self.hand_is_free(job),
            Own::Answer { job, command, counts_with_job } => self.take_answer(job, *command, counts_with_job),
            Own::Write { process, agent, injection } => self.write(process, agent, injection),
            Own::Look(process) => self.look(process),
            Own::Connect(process) => self.connect(process),
            Own::Read(process) => self.read(process),
            Own::Gone { process, at_start } => self.gone(process, at_start),
        }
    }

    /// Puts something on the agenda.
    pub fn plan(&mut self, in_ms: u64, action: Action) {
        self.planned += 1;
        self.agenda.insert((self.mono_ms + in_ms, self.planned), action);
    }

    /// Puts something on the agenda that this life of the service does.
    pub fn plan_own(&mut self, in_ms: u64, own: Own) {
        self.plan(in_ms, Action::Own { epoch: self.epoch, own });
    }

    /// The chaos is over.
    pub fn is_calm(&self) -> bool {
        self.mono_ms > CHAOS_MS
    }

    /// Something that happens so often while there is chaos, and never after it.
    pub fn fault(&mut self, percent: u64) -> bool {
        self.random.chance(percent) && !self.is_calm()
    }

    /// How long something takes: mostly not long.
    pub fn delay(&mut self) -> u64 {
        if self.random.chance(self.habits.slow) { self.random.below(8_000) } else { self.random.below(40) }
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

    /// A line of the trace. Most histories hold, and nobody reads theirs.
    pub fn note(&mut self, line: impl FnOnce() -> String) {
        if self.traced {
            let line = line();
            self.trace.line(self.mono_ms, line);
        }
    }

    pub fn violate(&mut self, what: String) {
        if self.violation.is_none() {
            self.note(|| format!("VIOLATION: {what}"));
            self.violation = Some(what);
        }
    }
}
