//! The hands of the service: they carry out steps, read transcripts, and report facts as commands.

use legion_model::prompt::{Content, content};
use legion_model::{
    Body, Command, DriverKind, Exit, Fact, InjectionId, Order, ProcessId, ProcessView, Step, StopReason,
};

use crate::outside::{Directory, Input, Line};
use crate::simulation::{Action, Simulation, Work};

impl Simulation {
    pub fn work(&mut self, work: Work) {
        match work {
            Work::Commit => self.commit(),
            Work::Wake => self.wake(),
            Work::CarryOut(step) => self.carry_out(step),
            Work::Connect(process) => self.connect(process),
            Work::Cut(process) => self.cut(process),
            Work::Look(process) => self.look(process),
            Work::Read(process) => self.read(process),
            Work::Gone { process, at_start } => self.gone(process, at_start),
            Work::Submit(command) => self.submit(&command, None),
        }
    }

    /// Takes note of a step as being in flight, and sends a hand.
    pub fn take_step(&mut self, step: Step) {
        let Some(service) = self.service.as_mut() else { return };
        let Some(process) = step.process() else { return };
        let fresh = ProcessView { last_sign_ms: self.mono_ms, ..ProcessView::default() };
        let view = service.world.processes.entry(process).or_insert(fresh);
        match &step {
            Step::Start { agent, injection, .. } => {
                view.starting = true;
                view.last_sign_ms = self.mono_ms;
                let driver = service.state.agents.get(agent).map(|agent| agent.spec.driver);
                if self.habits.prompt_with_start || driver == Some(DriverKind::Command) {
                    view.written.extend(injection.map(|injection| injection.0));
                }
            }
            Step::Write { injection, .. } => _ = view.written.insert(injection.0),
            Step::Answer { approval, .. } => _ = view.answered.insert(*approval),
            Step::Interrupt { run, number, .. } => view.interrupted = Some((*run, *number)),
            Step::Probe { .. } => view.probed_ms = Some(self.mono_ms),
            Step::Stop { .. } => view.stopping = true,
            Step::Work { .. } | Step::Drop { .. } | Step::Due(_) => {}
        }
        self.note(format!("step {step:?}"));
        if self.random.chance(self.habits.duplicates) {
            let delay = self.delay();
            self.plan_work(delay, Work::CarryOut(step.clone()));
        }
        let delay = self.delay();
        self.plan_work(delay, Work::CarryOut(step));
    }

    fn carry_out(&mut self, step: Step) {
        match step {
            Step::Start { process, agent, injection, .. } => {
                if !self.audit.processes.contains(&process) {
                    return self.violate(format!("{process} is started and not in the log"));
                }
                let Some(state) = self.service.as_ref().map(|service| &service.state) else { return };
                let is_wanted = state.processes.get(&process).is_some_and(|known| known.stopping.is_none());
                let Some(driver) = state.agents.get(&agent).map(|agent| agent.spec.driver).filter(|_| is_wanted) else {
                    return;
                };
                let with_prompt = self.habits.prompt_with_start || driver == DriverKind::Command;
                let input = injection.filter(|_| with_prompt).and_then(|id| self.input(agent, id));
                if with_prompt && input.is_none() {
                    return;
                }
                self.outside.directories.entry(process).or_insert_with(|| Directory::new(agent, driver));
                let delay = self.delay();
                let epoch = self.epoch;
                self.plan(delay, Action::Boot { process, epoch, input });
            }
            Step::Write { process, agent, injection } => {
                let connected =
                    self.service.as_ref().is_some_and(|s| s.world.processes.get(&process).is_some_and(|v| v.connected));
                if !self.audit.injections.contains(&injection) {
                    return self.violate(format!("{injection} is written and not in the log"));
                }
                if let Some(input) = self.input(agent, injection).filter(|_| connected) {
                    self.shim_input(process, input);
                }
            }
            Step::Answer { process, approval } => {
                let Some(directory) = self.outside.directories.get_mut(&process).filter(|d| d.alive) else { return };
                let new = directory.answers.insert(approval);
                let request = self
                    .service
                    .as_ref()
                    .and_then(|service| service.state.approvals.get(&approval))
                    .map(|approval| approval.request.clone());
                if let Some(request) = request.filter(|_| new) {
                    self.answer(process, &request);
                }
                self.report(Order::ApprovalAnswered { approval });
            }
            Step::Interrupt { process, .. } => self.interrupt_turn(process),
            Step::Probe { process, .. } => {
                let answers = self.outside.directories.get(&process).is_some_and(|directory| {
                    directory.alive
                        && directory.driver == DriverKind::Claude
                        && directory.activity != crate::outside::Activity::Hung
                });
                if answers {
                    self.sign_of_life(process);
                    self.reconcile();
                }
            }
            Step::Stop { process, reason } => self.stop(process, reason),
            Step::Work { .. } | Step::Drop { .. } | Step::Due(_) => {}
        }
    }

    /// What an injection carries now.
    fn input(&self, agent: legion_model::AgentId, injection: InjectionId) -> Option<Input> {
        let state = &self.service.as_ref()?.state;
        let messages = match content(state, state.agents.get(&agent)?, injection)? {
            Content::Messages(messages) => messages.iter().map(|message| message.id).collect(),
            Content::Continue(_) => Vec::new(),
        };
        Some(Input { injection, messages })
    }

    fn stop(&mut self, process: ProcessId, reason: StopReason) {
        let Some(agent) =
            self.service.as_ref().and_then(|service| service.state.processes.get(&process)).map(|known| known.agent)
        else {
            return;
        };
        let directory =
            self.outside.directories.entry(process).or_insert_with(|| Directory::new(agent, DriverKind::Claude));
        // Whatever shim comes later shall not start.
        let was_free = !std::mem::replace(&mut directory.locked, true);
        if was_free || !directory.alive {
            self.plan_work(1, Work::Gone { process, at_start: false });
        } else {
            self.stop_program(process, reason);
        }
    }

    /// Looks for a process that the log knows, after a start.
    fn look(&mut self, process: ProcessId) {
        match self.outside.directories.get(&process) {
            Some(directory) if directory.alive => self.connect(process),
            Some(directory) if directory.locked => self.gone(process, true),
            _ => {
                // It was never started.
                if let Some(service) = self.service.as_mut() {
                    service.world.processes.remove(&process);
                }
                self.reconcile();
            }
        }
    }

    fn connect(&mut self, process: ProcessId) {
        let Some(directory) = self.outside.directories.get(&process) else { return };
        if !directory.alive {
            return self.gone(process, false);
        }
        let Some(service) = self.service.as_mut() else { return };
        let Some(view) = service.world.processes.get_mut(&process) else { return };
        if !view.connected {
            view.connected = true;
            view.starting = false;
            view.written = directory.inputs.iter().map(|injection| injection.0).collect();
            view.answered.clone_from(&directory.answers);
            view.last_sign_ms = self.mono_ms;
        }
        self.report(Order::ProcessStarted { process, pid: 4_711 });
        self.plan_work(1, Work::Read(process));
        self.reconcile();
    }

    /// The connection to a shim is lost; it is made again.
    fn cut(&mut self, process: ProcessId) {
        let Some(service) = self.service.as_mut() else { return };
        let Some(view) = service.world.processes.get_mut(&process).filter(|view| view.connected) else { return };
        view.connected = false;
        self.note(format!("the connection to {process} is cut"));
        let delay = self.delay();
        self.plan_work(delay, Work::Connect(process));
    }

    fn sign_of_life(&mut self, process: ProcessId) {
        let now = self.mono_ms;
        if let Some(view) = self.service.as_mut().and_then(|service| service.world.processes.get_mut(&process)) {
            view.last_sign_ms = now;
        }
    }

    fn read(&mut self, process: ProcessId) {
        let Some(service) = self.service.as_mut() else { return };
        service.reading.remove(&process);
        if !service.world.processes.get(&process).is_some_and(|view| view.connected) {
            return;
        }
        self.sign_of_life(process);
        self.read_up(process, false);
        self.reconcile();
    }

    /// Reads a transcript on from where it was read to, and reports what it says. All of it when nothing more can come.
    fn read_up(&mut self, process: ProcessId, is_last: bool) {
        let Some(service) = self.service.as_ref() else { return };
        let Some(known) = service.state.processes.get(&process) else { return };
        let from = service.read.get(&process).copied().unwrap_or(known.offset);
        let Some(directory) = self.outside.directories.get(&process) else { return };
        let filed = self.outside.conversations.get(&directory.agent).map(|conversation| &conversation.filed);
        let mut facts = Vec::new();
        let mut read = from;
        let mut waits = false;
        for (end, line) in directory.transcript.iter().filter(|(end, _)| *end > from) {
            match line {
                Line::Executed(injection) if directory.driver == DriverKind::Command => {
                    facts.extend(injection.map(Fact::Seen));
                }
                Line::Echo(injection) => match filed.is_some_and(|filed| filed.contains(injection)) {
                    true => facts.push(Fact::Seen(*injection)),
                    // Not proved yet; it will be, unless the program is dead.
                    false if !is_last => {
                        waits = true;
                        break;
                    }
                    false => {}
                },
                Line::TurnBegan => facts.push(Fact::TurnBegan),
                Line::TurnEnded(report) => facts.push(Fact::TurnEnded((**report).clone())),
                Line::Asked(request) => facts.push(Fact::ApprovalWanted {
                    request: request.clone(),
                    tool: "Bash".to_owned(),
                    input: Body::from("{}"),
                }),
                Line::Withdrew(request) => facts.push(Fact::ApprovalWithdrawn { request: request.clone() }),
                Line::Executed(_) | Line::Noise => {}
            }
            read = *end;
            if !is_last && self.random.chance(15) {
                waits = read < directory.end();
                break;
            }
        }
        if let Some(service) = self.service.as_mut() {
            service.read.insert(process, read);
            if waits && service.reading.insert(process) {
                let delay = self.delay() + 1;
                self.plan_work(delay, Work::Read(process));
            }
        }
        if !facts.is_empty() {
            self.report(Order::Observed { process, offset: read, facts });
        }
    }

    /// A process and its shim are gone: the rest is read, and its end is reported.
    fn gone(&mut self, process: ProcessId, at_start: bool) {
        let Some(directory) = self.outside.directories.get(&process).filter(|d| !d.alive && d.locked) else { return };
        let Some(service) = self.service.as_ref() else { return };
        if !service.state.processes.contains_key(&process) {
            return;
        }
        let seen: Vec<InjectionId> = match self.outside.conversations.get(&directory.agent) {
            Some(conversation) => directory.inputs.intersection(&conversation.filed).copied().collect(),
            None => Vec::new(),
        };
        let exit = directory.exit.clone().unwrap_or(Exit::Lost);
        let offset = directory.end();
        self.read_up(process, true);
        let order = Order::ProcessEnded {
            process,
            offset,
            exit,
            seen,
            result: Body::from("last words"),
            error: None,
            at_start,
        };
        let command = Command::own(self.wall(), order);
        // The two can come to lie in different batches.
        let delay = if self.random.chance(30) { self.delay() } else { 0 };
        self.plan_work(delay, Work::Submit(Box::new(command)));
    }

    /// Reports a fact; sometimes twice, the second time late.
    fn report(&mut self, order: Order) {
        let command = Command::own(self.wall(), order);
        if self.random.chance(self.habits.duplicates) {
            let delay = self.delay() + self.delay();
            self.plan_work(delay, Work::Submit(Box::new(command.clone())));
        }
        self.submit(&command, None);
    }
}
