//! What goes wrong from outside, and when.

use legion_model::{AgentId, Command, Event, Exit, Order, ProcessId};

use crate::simulation::{Action, CHAOS_MS, CrashPoint, Simulation, Work};

/// Crashes of the service in every history, at least.
pub const CRASHES_MIN: u64 = 3;
const INSPECT_EVERY_MS: u64 = 45_000;
/// The inspections go on after the chaos, as long as turns of the longest kind do.
const INSPECT_UNTIL_MS: u64 = CHAOS_MS + 30 * 60_000;

impl Simulation {
    pub fn plan_faults(&mut self) {
        let crashes = self.random.between(CRASHES_MIN, CRASHES_MIN + 2);
        for _ in 0..crashes {
            let point = *self
                .random
                .pick(&[CrashPoint::AtOnce, CrashPoint::BeforeAppend, CrashPoint::AfterAppend, CrashPoint::AmongSteps])
                .expect("not empty");
            self.plan_in_chaos(Action::Crash(point));
        }
        for (action, most) in [
            (Action::KillAgent, 12),
            (Action::KillShim, 8),
            (Action::KillAll, 2),
            (Action::CutAny, 3),
            (Action::Down, 1),
        ] {
            for _ in 0..self.random.below(most + 1) {
                self.plan_in_chaos(action.clone());
            }
        }
        for _ in 0..self.random.below(4) {
            let ms = *self.random.pick(&[-600_000, -5_000, 30_000, 3_600_000]).expect("not empty");
            self.plan_in_chaos(Action::Jump { ms });
        }
        let mut at = INSPECT_EVERY_MS;
        while at < INSPECT_UNTIL_MS {
            self.plan(at, Action::Inspect);
            at += INSPECT_EVERY_MS;
        }
    }

    fn plan_in_chaos(&mut self, action: Action) {
        let at = self.random.below(CHAOS_MS - 30_000);
        self.plan(at, action);
    }

    fn any_alive(&mut self) -> Option<ProcessId> {
        let alive: Vec<ProcessId> =
            self.outside.directories.iter().filter(|(_, d)| d.alive).map(|(process, _)| *process).collect();
        self.random.pick(&alive).copied()
    }

    /// kill -9 of a program: its shim sees it and writes it down.
    pub fn kill_agent(&mut self) {
        if let Some(process) = self.any_alive() {
            self.note(format!("kill -9 of the program of {process}"));
            self.program_dies(process, Some(Exit::Signal(9)));
        }
    }

    /// kill -9 of a shim: the program dies with it, and nobody writes it down.
    pub fn kill_shim(&mut self) {
        if let Some(process) = self.any_alive() {
            self.note(format!("kill -9 of the shim of {process}"));
            self.program_dies(process, None);
        }
    }

    /// What is written to an agent is written in the worst moment.
    pub fn plan_strikes(&mut self, first: usize) {
        if self.is_calm() || self.habits.strikes == 0 {
            return;
        }
        let endangered: Vec<AgentId> = self.log[first..]
            .iter()
            .filter_map(|logged| match &logged.event {
                Event::RunOpened { agent, .. } | Event::MessageSteered { agent, .. } => Some(*agent),
                _ => None,
            })
            .collect();
        for agent in endangered {
            if self.random.chance(self.habits.strikes) {
                let in_ms = self.random.below(80);
                self.plan(in_ms, Action::Strike(agent));
            }
        }
    }

    pub fn strike(&mut self, agent: AgentId) {
        let live = self.outside.conversations.get(&agent).and_then(|conversation| conversation.live);
        if let Some(process) = live {
            self.note(format!("kill -9 of the shim of {process}, with a message on its way"));
            self.program_dies(process, None);
        }
    }

    /// The machine loses power: service, shims and programs.
    pub fn kill_all(&mut self) {
        self.note("kill -9 of all".to_owned());
        self.crash("with everything");
        let all: Vec<ProcessId> = self.outside.directories.keys().copied().collect();
        for process in all {
            self.program_dies(process, None);
        }
    }

    /// The person ends the service: it stops everything, and does not wait for all of it.
    pub fn go_down(&mut self) {
        let command = Command::own(self.wall(), Order::StopAll);
        self.submit(&command, None);
        let in_ms = self.random.below(12_000);
        self.plan(in_ms, Action::Crash(CrashPoint::AtOnce));
    }

    pub fn cut_any(&mut self) {
        if let Some(process) = self.any_alive() {
            self.plan_work(0, Work::Cut(process));
        }
    }
}
