//! Steps are taken: programs are started, written to and ended, and work for tickets is begun and dropped.

use legion_model::{Exit, Order, ProcessId, ProcessView, Step};

use super::agenda::{Action, CrashPoint, Own};
use super::history::{CHAOS_MS, History};
use super::programs::Program;

impl History {
    /// Takes note of a step as being in flight, and sends a hand.
    pub fn take_step(&mut self, step: Step) {
        self.note(|| format!("step {step:?}"));
        match step {
            Step::Work { job, work } => return self.begin_work(job, work),
            Step::Drop { job } => return self.drop_work(job),
            _ => {}
        }
        let Some(service) = self.service.as_mut() else { return };
        let Some(process) = step.process() else { return };
        let fresh = ProcessView { last_sign_ms: self.mono_ms, ..ProcessView::default() };
        let view = service.world.processes.entry(process).or_insert(fresh);
        match step {
            Step::Start { agent, injection, .. } => {
                view.starting = true;
                view.written.extend(injection.map(|injection| injection.0));
                let Some(hired) = service.state.agents.get(&agent) else { return };
                let (driver, cwd) = (hired.spec.driver, hired.spec.cwd.clone());
                self.programs.entry(process).or_insert_with(|| Program::new(agent, driver, cwd));
                let delay = self.delay();
                let epoch = self.epoch;
                self.plan(delay, Action::Boot { process, epoch, input: injection });
            }
            Step::Write { agent, injection, .. } => {
                view.written.insert(injection.0);
                let delay = self.delay();
                self.plan_own(delay, Own::Write { process, agent, injection });
            }
            Step::Interrupt { run, number, .. } => {
                view.interrupted = Some((run, number));
                self.interrupt_program(process);
            }
            Step::Probe { .. } => {
                view.probed_ms = Some(self.mono_ms);
                if self.programs.get(&process).is_some_and(|program| program.alive && !program.hung) {
                    self.sign_of_life(process);
                }
            }
            Step::Stop { .. } => {
                view.stopping = true;
                self.stop_program(process);
            }
            Step::Answer { approval, .. } => _ = view.answered.insert(approval),
            Step::Work { .. } | Step::Drop { .. } | Step::Due(_) => {}
        }
    }

    pub fn sign_of_life(&mut self, process: ProcessId) {
        let now = self.mono_ms;
        if let Some(view) = self.service.as_mut().and_then(|service| service.world.processes.get_mut(&process)) {
            view.last_sign_ms = now;
        }
    }

    // --- What goes wrong from outside ------------------------------------------------------------------------------------

    pub fn plan_faults(&mut self) {
        for _ in 0..self.random.between(1, 4) {
            let point = *self
                .random
                .pick(&[
                    CrashPoint::AtOnce,
                    CrashPoint::BeforeAppend,
                    CrashPoint::AfterAppend,
                    CrashPoint::AmongSteps,
                    CrashPoint::AfterWork,
                    CrashPoint::AfterWork,
                ])
                .expect("not empty");
            self.plan_in_chaos(Action::Crash(point));
        }
        for (action, most) in [(Action::KillAny, 4), (Action::PowerOff, 1), (Action::Down, 1)] {
            for _ in 0..self.random.below(most + 1) {
                self.plan_in_chaos(action.clone());
            }
        }
        for _ in 0..self.random.below(3) {
            let ms = *self.random.pick(&[-600_000, -5_000, 30_000, 900_000]).expect("not empty");
            self.plan_in_chaos(Action::Jump { ms });
        }
        if self.habits.intrudes {
            self.plan_in_chaos(Action::Intrude);
        }
    }

    pub fn plan_in_chaos(&mut self, action: Action) {
        let at = self.random.below(CHAOS_MS - 60_000);
        self.plan(at, action);
    }

    pub fn kill_any(&mut self) {
        let alive: Vec<ProcessId> =
            self.programs.iter().filter(|(_, program)| program.alive).map(|(process, _)| *process).collect();
        if let Some(process) = self.random.pick(&alive).copied() {
            let exit = if self.random.chance(50) { Exit::Signal(9) } else { Exit::Lost };
            self.program_dies(process, exit);
        }
    }

    pub fn power_off(&mut self) {
        self.crash("with everything");
        let all: Vec<ProcessId> = self.programs.keys().copied().collect();
        for process in all {
            self.program_dies(process, Exit::Lost);
        }
    }

    /// The person ends the service: it stops everything, and does not wait for all of it.
    pub fn go_down(&mut self) {
        let command = legion_model::Command::own(self.wall(), Order::StopAll);
        self.submit(&command);
        let in_ms = self.random.below(12_000);
        self.plan(in_ms, Action::Crash(CrashPoint::AtOnce));
    }

    /// A target is moved by somebody who has no business there.
    pub fn intrude(&mut self) {
        let targets: Vec<_> = self.repository.targets.iter().map(|(name, tip)| (name.clone(), tip.clone())).collect();
        let Some((session, tip)) = self.random.pick(&targets).cloned() else { return };
        let tree = self.repository.tree(&tip).clone();
        self.repository.overtaken.insert((session.clone(), tip.clone()));
        let commit = self.repository.commit(vec![tip], tree);
        self.note(|| format!("somebody moves the target of {session} to {commit}"));
        self.repository.targets.insert(session.clone(), commit);
        self.audit.intruded.insert(session);
    }
}
