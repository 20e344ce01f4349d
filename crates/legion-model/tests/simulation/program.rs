//! What agents' programs do: turns, steered messages, permission requests, hanging, dying.

use legion_model::{Body, DriverKind, Exit, InjectionId, MicroUsd, Outcome, ProcessId, StopReason, TurnReport, Usage};

use crate::outside::{Activity, Input, Line};
use crate::simulation::{Action, Simulation};

impl Simulation {
    /// A program was executed.
    pub fn begin(&mut self, process: ProcessId) {
        let directory = &self.outside.directories[&process];
        match directory.driver {
            DriverKind::Claude => {
                let delay = self.delay();
                self.plan_tick(process, delay);
            }
            DriverKind::Command => {
                let ends_ms = self.mono_ms + self.random.between(5, 120_000);
                self.set(process, Activity::Turn { ends_ms, asks: None });
                self.next_tick(process, ends_ms);
            }
        }
    }

    pub fn tick(&mut self, process: ProcessId, generation: u64) {
        let Some(directory) = self.outside.directories.get(&process).filter(|d| d.alive && d.generation == generation)
        else {
            return;
        };
        match (directory.driver, directory.activity.clone()) {
            (_, Activity::Hung) => {}
            (DriverKind::Claude, Activity::Idle) if !directory.pipe.is_empty() => self.begin_turn(process),
            (DriverKind::Claude, Activity::Idle) => {}
            (DriverKind::Claude, Activity::Turn { asks: Some(_), .. }) => {}
            (DriverKind::Claude, Activity::Turn { ends_ms, .. }) if ends_ms <= self.mono_ms => {
                let outcome = *self
                    .random
                    .pick(&[
                        Outcome::Completed,
                        Outcome::Completed,
                        Outcome::Completed,
                        Outcome::Failed,
                        Outcome::Limit,
                    ])
                    .expect("not empty");
                self.end_turn(process, outcome);
            }
            (DriverKind::Command, Activity::Turn { ends_ms, .. }) if ends_ms <= self.mono_ms => {
                let code = i32::from(self.random.chance(20));
                self.program_dies(process, Some(Exit::Code(code)));
            }
            (_, Activity::Turn { ends_ms, .. }) => self.go_on(process, ends_ms),
            (DriverKind::Command, Activity::Idle) => {}
        }
    }

    /// In the middle of a turn: at a tool boundary.
    fn go_on(&mut self, process: ProcessId, ends_ms: u64) {
        let directory = &self.outside.directories[&process];
        let (driver, has_mail) = (directory.driver, !directory.pipe.is_empty());
        if !self.is_calm() {
            if self.random.chance(self.habits.hangs) {
                self.note(format!("{process} hangs"));
                return self.set(process, Activity::Hung);
            }
            if self.random.chance(self.habits.dies) {
                return self.program_dies(process, Some(Exit::Code(1)));
            }
            if driver == DriverKind::Claude && self.random.chance(self.habits.asks) {
                return self.ask(process, ends_ms);
            }
        }
        if has_mail && self.random.chance(70) {
            self.take_up(process);
        } else {
            self.write_line(process, Line::Noise);
        }
        self.next_tick(process, ends_ms);
    }

    fn ask(&mut self, process: ProcessId, ends_ms: u64) {
        let directory = self.outside.directories.get_mut(&process).expect("it lives");
        directory.requests += 1;
        let request = format!("request-{}", directory.requests);
        directory.activity = Activity::Turn { ends_ms, asks: Some(request.clone()) };
        self.write_line(process, Line::Asked(request));
    }

    fn next_tick(&mut self, process: ProcessId, ends_ms: u64) {
        let left = ends_ms.saturating_sub(self.mono_ms);
        let pause = self.random.between(1, 20_000).max(left / 8).min(left);
        self.plan_tick(process, pause);
    }

    fn begin_turn(&mut self, process: ProcessId) {
        let long = match self.random.below(40) {
            0 => 3_600_000,
            1..5 => 400_000,
            _ => 40_000,
        };
        let ends_ms = self.mono_ms + self.random.between(1, long);
        self.set(process, Activity::Turn { ends_ms, asks: None });
        self.write_line(process, Line::TurnBegan);
        self.take_up(process);
        self.next_tick(process, ends_ms);
    }

    /// Something in the background ended, and the program begins a turn by itself.
    pub fn own_turn(&mut self, process: ProcessId) {
        let idle = self.outside.directories.get(&process).is_some_and(|d| d.alive && d.activity == Activity::Idle);
        if !idle || self.is_calm() {
            return;
        }
        let ends_ms = self.mono_ms + self.random.between(1, 20_000);
        self.note(format!("{process} begins a turn by itself"));
        self.set(process, Activity::Turn { ends_ms, asks: None });
        self.write_line(process, Line::TurnBegan);
        self.next_tick(process, ends_ms);
    }

    /// The program takes up everything that was written to it.
    fn take_up(&mut self, process: ProcessId) {
        loop {
            let directory = self.outside.directories.get_mut(&process).expect("it lives");
            let Some(input) = directory.pipe.pop_front() else { return };
            if self.random.chance(50) {
                self.consume(process, &input);
                self.write_line(process, Line::Echo(input.injection));
            } else {
                // The echo can come before the session file has it.
                let injection = input.injection;
                directory.filing.push(input);
                self.write_line(process, Line::Echo(injection));
                let delay = self.delay();
                self.plan(delay, Action::Filed { process, injection });
            }
        }
    }

    pub fn filed(&mut self, process: ProcessId, injection: InjectionId) {
        let Some(directory) = self.outside.directories.get_mut(&process).filter(|d| d.alive) else { return };
        // The file is written in the order of the echoes.
        let Some(last) = directory.filing.iter().position(|input| input.injection == injection) else { return };
        let inputs: Vec<Input> = directory.filing.drain(..=last).collect();
        for input in inputs {
            self.consume(process, &input);
        }
    }

    fn file_all(&mut self, process: ProcessId) {
        let last = self.outside.directories[&process].filing.last().map(|input| input.injection);
        if let Some(last) = last {
            self.filed(process, last);
        }
    }

    fn end_turn(&mut self, process: ProcessId, outcome: Outcome) {
        self.file_all(process);
        let cost = self.random.between(1, 900_000);
        let directory = self.outside.directories.get_mut(&process).expect("it lives");
        directory.activity = Activity::Idle;
        directory.cost += cost;
        let conversation = self.outside.conversations.get_mut(&directory.agent).expect("it was executed");
        conversation.cost += cost;
        conversation.spent += cost;
        let report = TurnReport {
            outcome,
            text: Body::from("what came of it"),
            error: (outcome != Outcome::Completed).then(|| "something".to_owned()),
            exit_code: None,
            usage: Usage { input_tokens: 1, output_tokens: 1, ..Usage::default() },
            cost_total: Some(MicroUsd(directory.cost)),
            cost_continues: conversation.counts_on,
            turns: Some(1),
        };
        self.write_line(process, Line::TurnEnded(Box::new(report)));
        if !self.outside.directories[&process].pipe.is_empty() {
            let delay = self.delay();
            self.plan_tick(process, delay);
        } else if self.random.chance(self.habits.own_turns) {
            let delay = self.random.below(8_000);
            self.plan(delay, Action::OwnTurn { process });
        }
    }

    /// The protocol's interrupt: the turn ends, what was written stays and comes next.
    pub fn interrupt_turn(&mut self, process: ProcessId) {
        let Some(directory) = self.outside.directories.get(&process).filter(|d| d.alive) else { return };
        let Activity::Turn { asks, .. } = directory.activity.clone() else { return };
        if let Some(request) = asks {
            self.write_line(process, Line::Withdrew(request));
        }
        self.end_turn(process, Outcome::Interrupted);
    }

    /// A permission request is answered.
    pub fn answer(&mut self, process: ProcessId, request: &str) {
        let Some(directory) = self.outside.directories.get_mut(&process).filter(|d| d.alive) else { return };
        if let Activity::Turn { asks, ends_ms } = &mut directory.activity
            && asks.as_deref() == Some(request)
        {
            *asks = None;
            let ends_ms = *ends_ms;
            self.next_tick(process, ends_ms.max(self.mono_ms));
        }
    }

    /// The stop ladder: it may end its turn, it may take the whole grace.
    pub fn stop_program(&mut self, process: ProcessId, reason: StopReason) {
        let Some(directory) = self.outside.directories.get(&process).filter(|d| d.alive) else { return };
        let hung = directory.activity == Activity::Hung;
        let busy = matches!(directory.activity, Activity::Turn { .. });
        let (in_ms, exit) = if hung || self.random.chance(20) {
            (self.bounds.stop_grace_ms, Exit::Signal(9))
        } else if reason == StopReason::Warm && !busy {
            (self.random.below(200), Exit::Code(0))
        } else {
            (self.random.below(1_000), Exit::Signal(15))
        };
        self.plan(in_ms, Action::Die { process, exit });
    }

    fn set(&mut self, process: ProcessId, activity: Activity) {
        self.outside.directories.get_mut(&process).expect("it lives").activity = activity;
    }
}
