//! Agents' programs: turns, prompts, ends. Simpler than those of the hierarchy's simulation, which has the details.

use std::collections::{BTreeSet, VecDeque};

use legion_model::{
    AgentId, Body, Command, DriverKind, Exit, Fact, InjectionId, Order, Outcome, ProcessId, TurnReport, Usage,
};

use super::agenda::{Action, Own};
use super::history::History;

/// One process of an agent, with its directory: it outlives the service.
pub struct Program {
    pub agent: AgentId,
    pub driver: DriverKind,
    /// Where it works.
    pub cwd: String,
    /// It was executed, or will never be.
    pub locked: bool,
    pub alive: bool,
    pub hung: bool,
    exit: Option<Exit>,
    in_turn: bool,
    generation: u64,
    pub inputs: BTreeSet<InjectionId>,
    taken: BTreeSet<InjectionId>,
    pipe: VecDeque<InjectionId>,
    /// Each fact with the offset of its end.
    facts: Vec<(u64, Fact)>,
}

impl Program {
    pub fn new(agent: AgentId, driver: DriverKind, cwd: String) -> Self {
        Self {
            agent,
            driver,
            cwd,
            locked: false,
            alive: false,
            hung: false,
            exit: None,
            in_turn: false,
            generation: 0,
            inputs: BTreeSet::new(),
            taken: BTreeSet::new(),
            pipe: VecDeque::new(),
            facts: Vec::new(),
        }
    }

    fn end(&self) -> u64 {
        self.facts.last().map_or(0, |(end, _)| *end)
    }
}

impl History {
    pub fn boot(&mut self, process: ProcessId, epoch: u64, input: Option<InjectionId>) {
        let unstartable = self.habits.unstartable;
        let fails = self.fault(unstartable);
        let Some(program) = self.programs.get_mut(&process) else { return };
        if !std::mem::replace(&mut program.locked, true) {
            if fails {
                program.exit = Some(Exit::NotStarted("no such program".to_owned()));
            } else {
                program.alive = true;
                if let Some(input) = input {
                    program.inputs.insert(input);
                    program.pipe.push_back(input);
                }
                self.begin_turn(process);
            }
        }
        if epoch == self.epoch {
            let delay = self.delay();
            self.plan_own(delay, Own::Connect(process));
        }
    }

    fn begin_turn(&mut self, process: ProcessId) {
        let long = if self.random.chance(8) { 300_000 } else { 45_000 };
        let takes_ms = self.random.between(50, long);
        let Some(program) = self.programs.get_mut(&process).filter(|program| program.alive) else { return };
        if program.in_turn || program.pipe.is_empty() {
            return;
        }
        program.in_turn = true;
        program.generation += 1;
        let generation = program.generation;
        let taken: Vec<InjectionId> = program.pipe.drain(..).collect();
        for injection in taken {
            let program = self.programs.get_mut(&process).expect("it lives");
            program.taken.insert(injection);
            self.tell(process, Fact::Seen(injection));
        }
        self.plan(takes_ms, Action::TurnEnds { process, generation });
    }

    /// A line in the transcript that means something.
    fn tell(&mut self, process: ProcessId, fact: Fact) {
        let length = self.random.between(1, 200);
        let Some(program) = self.programs.get_mut(&process) else { return };
        let end = program.end() + length;
        program.facts.push((end, fact));
        let delay = self.delay();
        self.plan_own(delay, Own::Read(process));
    }

    pub fn turn_ends(&mut self, process: ProcessId, generation: u64) {
        let (hangs, dies) = (self.habits.hangs, self.habits.dies);
        let (hangs, dies) = (self.fault(hangs), self.fault(dies));
        let is = |program: &&mut Program| program.alive && program.in_turn && program.generation == generation;
        let Some(program) = self.programs.get_mut(&process).filter(is) else { return };
        let (agent, driver, cwd) = (program.agent, program.driver, program.cwd.clone());
        if hangs {
            program.hung = true;
            return self.note(|| format!("{process} hangs"));
        }
        if dies {
            self.agent_works(agent, &cwd, false);
            return self.program_dies(process, Exit::Signal(9));
        }
        let (outcome, error) = self.agent_works(agent, &cwd, true);
        match driver {
            DriverKind::Command => {
                let code = i32::from(outcome != Outcome::Completed);
                self.program_dies(process, Exit::Code(code));
            }
            DriverKind::Claude => self.end_turn(process, outcome, error),
        }
    }

    fn end_turn(&mut self, process: ProcessId, outcome: Outcome, error: Option<String>) {
        let report = TurnReport {
            outcome,
            text: Body::from("what came of it"),
            error,
            exit_code: None,
            usage: Usage::default(),
            cost_total: None,
            cost_continues: false,
            turns: Some(1),
        };
        self.programs.get_mut(&process).expect("it lives").in_turn = false;
        self.tell(process, Fact::TurnEnded(report));
        self.begin_turn(process);
        let own_turns = self.habits.own_turns;
        let again = self.fault(own_turns);
        let program = self.programs.get_mut(&process).expect("it lives");
        if again && !program.in_turn {
            // Something in the background ended, and it goes on by itself.
            program.in_turn = true;
            program.generation += 1;
            let generation = program.generation;
            self.tell(process, Fact::TurnBegan);
            let takes_ms = self.random.between(50, 20_000);
            self.plan(takes_ms, Action::TurnEnds { process, generation });
        }
    }

    pub fn interrupt_program(&mut self, process: ProcessId) {
        let Some(program) = self.programs.get_mut(&process).filter(|program| program.alive && !program.hung) else {
            return;
        };
        if program.in_turn {
            let (agent, cwd) = (program.agent, program.cwd.clone());
            self.agent_works(agent, &cwd, false);
            self.end_turn(process, Outcome::Interrupted, None);
        }
    }

    pub fn stop_program(&mut self, process: ProcessId) {
        // Between the order and the end it goes on working.
        let in_ms = self.random.below(4_000);
        let Some(agent) =
            self.service.as_ref().and_then(|service| service.state.processes.get(&process)).map(|known| known.agent)
        else {
            return;
        };
        let program =
            self.programs.entry(process).or_insert_with(|| Program::new(agent, DriverKind::Claude, String::new()));
        let was_free = !std::mem::replace(&mut program.locked, true);
        if was_free || !program.alive {
            return self.plan_own(1, Own::Gone { process, at_start: false });
        }
        self.plan(in_ms, Action::Die { process, exit: Exit::Signal(15) });
    }

    pub fn program_dies(&mut self, process: ProcessId, exit: Exit) {
        let Some(program) = self.programs.get_mut(&process).filter(|program| program.alive) else { return };
        let (agent, cwd, works) = (program.agent, program.cwd.clone(), program.in_turn && !program.hung);
        if works && !matches!(exit, Exit::Code(_)) {
            self.agent_works(agent, &cwd, false);
        }
        let program = self.programs.get_mut(&process).expect("it was there");
        program.alive = false;
        program.in_turn = false;
        program.pipe.clear();
        program.exit = Some(exit);
        self.note(|| format!("{process} ends"));
        if self.service.is_some() {
            let delay = self.delay();
            self.plan_own(delay, Own::Gone { process, at_start: false });
        }
    }

    // --- The service looks at it -----------------------------------------------------------------------------------------

    pub fn look(&mut self, process: ProcessId) {
        match self.programs.get(&process) {
            Some(program) if program.alive => self.connect(process),
            Some(program) if program.locked => self.gone(process, true),
            _ => {
                if let Some(service) = self.service.as_mut() {
                    service.world.processes.remove(&process);
                }
                self.reconcile();
            }
        }
    }

    pub fn connect(&mut self, process: ProcessId) {
        let Some(program) = self.programs.get(&process) else { return };
        if !program.alive {
            return self.gone(process, false);
        }
        let Some(service) = self.service.as_mut() else { return };
        let Some(view) = service.world.processes.get_mut(&process) else { return };
        view.connected = true;
        view.starting = false;
        view.written = program.inputs.iter().map(|injection| injection.0).collect();
        view.last_sign_ms = self.mono_ms;
        let command = Command::own(self.wall(), Order::ProcessStarted { process, pid: 4_711 });
        self.submit(&command);
        self.read(process);
        self.reconcile();
    }

    pub fn write(&mut self, process: ProcessId, _agent: AgentId, injection: InjectionId) {
        let Some(program) = self.programs.get_mut(&process).filter(|program| program.alive) else { return };
        if program.inputs.insert(injection) {
            program.pipe.push_back(injection);
            self.begin_turn(process);
        }
    }

    /// Facts that are not in the log yet.
    pub fn read(&mut self, process: ProcessId) {
        let Some(service) = self.service.as_ref() else { return };
        let Some(known) = service.state.processes.get(&process) else { return };
        let Some(program) = self.programs.get(&process) else { return };
        let facts: Vec<(u64, Fact)> = program
            .facts
            .iter()
            .filter(|(end, _)| *end > known.offset)
            .map(|(end, fact)| (*end, fact.clone()))
            .collect();
        let Some((offset, _)) = facts.last() else { return };
        let order =
            Order::Observed { process, offset: *offset, facts: facts.iter().map(|(_, fact)| fact.clone()).collect() };
        self.sign_of_life(process);
        let command = Command::own(self.wall(), order);
        self.submit(&command);
    }

    pub fn gone(&mut self, process: ProcessId, at_start: bool) {
        if self.programs.get(&process).is_none_or(|program| program.alive || !program.locked) {
            return;
        }
        if !self.service.as_ref().is_some_and(|service| service.state.processes.contains_key(&process)) {
            return;
        }
        self.read(process);
        let Some(program) = self.programs.get(&process) else { return };
        let order = Order::ProcessEnded {
            process,
            offset: program.end() + 1,
            exit: program.exit.clone().unwrap_or(Exit::Lost),
            seen: program.taken.iter().copied().collect(),
            result: Body::from("last words"),
            error: None,
            at_start,
        };
        let command = Command::own(self.wall(), order);
        self.submit(&command);
    }
}
