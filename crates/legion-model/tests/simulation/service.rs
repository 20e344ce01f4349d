//! The keeper of one life of the service: decide, append, apply, publish; crash and fold again.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use legion_model::reconcile::reconcile;
use legion_model::{Answer, Command, Event, Order, Organisation, ProcessId, ProcessView, Refusal, Step, World};

use crate::simulation::{Action, CrashPoint, Simulation, Work};

/// Commits at one instant of virtual time that change nothing, before this counts as a circle.
const EMPTY_COMMITS_MAX: u32 = 200;

/// One event of the log, after its way through JSON.
pub struct Logged {
    pub at: Timestamp,
    pub event: Event,
}

/// What a caller is to be told when the batch is durable.
pub struct Reply {
    pub call: usize,
    pub result: Result<Answer, Refusal>,
}

pub struct Service {
    /// Ahead of the log by what is in the buffer.
    pub state: Organisation,
    pub world: World,
    /// How far transcripts were read.
    pub read: BTreeMap<ProcessId, u64>,
    /// Transcripts that are about to be read.
    pub reading: BTreeSet<ProcessId>,
    buffer: Vec<(Timestamp, Event)>,
    replies: Vec<Reply>,
    is_committing: bool,
    wake_ms: Option<u64>,
    empty: (u64, u32),
}

impl Service {
    pub fn is_settled(&self) -> bool {
        self.buffer.is_empty() && !self.is_committing
    }
}

impl Simulation {
    /// The service starts: it folds its log, and looks for what it left behind.
    pub fn start_service(&mut self) {
        if self.service.is_some() {
            return;
        }
        self.epoch += 1;
        let state = self.folded();
        self.note(format!("the service starts, life {}, version {}", self.epoch, state.version));
        let mut service = Service {
            state,
            world: World::default(),
            read: BTreeMap::new(),
            reading: BTreeSet::new(),
            buffer: Vec::new(),
            replies: Vec::new(),
            is_committing: false,
            wake_ms: None,
            empty: (0, 0),
        };
        let processes: Vec<ProcessId> = service.state.processes.keys().copied().collect();
        for &process in &processes {
            service
                .world
                .processes
                .insert(process, ProcessView { last_sign_ms: self.mono_ms, ..ProcessView::default() });
        }
        self.service = Some(service);
        self.submit(&Command::own(self.wall(), Order::StartService), None);
        for process in processes {
            let delay = self.delay();
            self.plan_work(delay, Work::Look(process));
        }
    }

    /// The state that the log means.
    pub fn folded(&self) -> Organisation {
        let mut state = Organisation::new(self.bounds.clone());
        for logged in &self.log {
            state.apply(&logged.event, logged.at);
        }
        state
    }

    /// Decides a command on the newest state. It is durable with the next commit.
    pub fn submit(&mut self, command: &Command, call: Option<usize>) {
        let Some(mut service) = self.service.take() else { return };
        let decided = self.decided(&mut service.state, command);
        if let Ok(decided) = &decided {
            let at = service.state.last_at;
            service.buffer.extend(decided.events.iter().map(|event| (at, event.clone())));
        }
        if let Some(call) = call {
            service.replies.push(Reply { call, result: decided.map(|decided| decided.answer) });
        }
        let first = !std::mem::replace(&mut service.is_committing, true);
        self.service = Some(service);
        if first {
            let delay = self.random.below(4);
            self.plan_work(delay, Work::Commit);
        }
        if self.bug.is_some_and(|bug| bug.acts_before_logging()) {
            self.reconcile();
        }
        if self.armed == Some(CrashPoint::BeforeAppend) {
            self.crash("before the append");
        }
    }

    fn decided(
        &mut self,
        state: &mut Organisation,
        command: &Command,
    ) -> Result<legion_model::Decided, legion_model::Refusal> {
        let Some(bug) = self.bug else { return state.step(command) };
        let before = state.clone();
        let mut decided = state.step(command)?;
        if bug.mutate(&before, command, &mut decided) {
            let at = command.at.max(before.last_at);
            *state = before;
            for event in &decided.events {
                state.apply(event, at);
            }
        }
        Ok(decided)
    }

    pub fn commit(&mut self) {
        let Some(service) = self.service.as_mut() else { return };
        service.is_committing = false;
        let buffer = std::mem::take(&mut service.buffer);
        let replies = std::mem::take(&mut service.replies);
        if self.is_circling(buffer.is_empty()) {
            return self.violate("not live: the same steps lead to nothing again and again".to_owned());
        }
        let first = self.log.len();
        for (at, event) in buffer {
            let text = serde_json::to_string(&event).expect("events are JSON");
            let read: Event = match serde_json::from_str(&text) {
                Ok(read) => read,
                Err(error) => return self.violate(format!("cannot be read back: {error}: {text}")),
            };
            if read != event {
                return self.violate(format!("it changed on its way through JSON: {text}"));
            }
            self.note(text);
            self.log.push(Logged { at, event: read });
        }
        self.audit_batch(first);
        self.plan_strikes(first);
        if self.armed == Some(CrashPoint::AfterAppend) {
            return self.crash("after the append");
        }
        for reply in replies {
            self.reply(reply);
        }
        let Some(service) = self.service.as_mut() else { return };
        let state = &service.state;
        service.world.processes.retain(|process, _| state.processes.contains_key(process));
        service.read.retain(|process, _| state.processes.contains_key(process));
        if self.log.len() > first {
            self.check_state();
        }
        self.reconcile();
    }

    fn is_circling(&mut self, is_empty: bool) -> bool {
        let now = self.mono_ms;
        let Some(service) = self.service.as_mut() else { return false };
        service.empty = match service.empty {
            (at, count) if is_empty && at == now => (at, count + 1),
            _ => (now, 0),
        };
        service.empty.1 > EMPTY_COMMITS_MAX
    }

    /// Names the steps that close the gap, and starts to take them.
    pub fn reconcile(&mut self) {
        let Some(service) = self.service.as_ref() else { return };
        if !service.is_settled() && !self.bug.is_some_and(|bug| bug.acts_before_logging()) {
            return;
        }
        let now = self.now(&service.state);
        let (mut steps, wake_ms) = reconcile(&service.state, &service.world, now);
        if let Some(bug) = self.bug {
            bug.mutate_steps(&service.state, &mut steps);
        }
        let mut due = Vec::new();
        let count = steps.len();
        for (index, step) in steps.into_iter().enumerate() {
            if self.armed == Some(CrashPoint::AmongSteps) && index > count / 2 {
                return self.crash("among its steps");
            }
            match step {
                Step::Due(order) => due.push(order),
                step => self.take_step(step),
            }
        }
        self.check_nothing_twice(now);
        self.plan_wake(wake_ms);
        for order in due {
            let command = Command::own(now.wall, order);
            self.submit(&command, None);
        }
    }

    /// Steps in flight are part of the world: looking again names none of them again.
    fn check_nothing_twice(&mut self, now: legion_model::Now) {
        if self.random.chance(90) || self.bug.is_some() {
            return;
        }
        let Some(service) = self.service.as_ref() else { return };
        let (steps, _) = reconcile(&service.state, &service.world, now);
        if let Some(step) = steps.iter().find(|step| !matches!(step, Step::Due(_))) {
            self.violate(format!("a step in flight is named again: {step:?}"));
        }
    }

    fn plan_wake(&mut self, wake_ms: Option<u64>) {
        let Some(at) = wake_ms else { return };
        let Some(service) = self.service.as_mut() else { return };
        let at = at.max(self.mono_ms + 1);
        if service.wake_ms.is_none_or(|planned| planned <= self.mono_ms || at < planned) {
            service.wake_ms = Some(at);
            let in_ms = at - self.mono_ms;
            self.plan_work(in_ms, Work::Wake);
        }
    }

    pub fn wake(&mut self) {
        if let Some(service) = self.service.as_mut() {
            service.wake_ms = None;
        }
        self.reconcile();
    }

    pub fn arm(&mut self, point: CrashPoint) {
        if self.service.is_none() || self.armed.is_some() {
            // It cannot die while it is dead or dying: later.
            return self.plan(10_000, Action::Crash(point));
        }
        if point == CrashPoint::AtOnce {
            return self.crash("at once");
        }
        self.armed = Some(point);
        // It comes to this point soon, or it dies anyway.
        self.plan(20_000, Action::CrashIfArmed);
    }

    pub fn crash_if_armed(&mut self) {
        if self.armed.is_some() {
            self.crash("at last");
        }
    }

    /// The service is gone, with everything that was not durable.
    pub fn crash(&mut self, how: &str) {
        self.armed = None;
        let Some(service) = self.service.take() else { return };
        self.crashes += 1;
        self.note(format!("the service dies {how}"));
        let was_settled = service.is_settled();
        let folded = self.folded();
        if was_settled && folded != service.state {
            self.violate("the state is not the fold of the log".to_owned());
        }
        self.lose_replies(service.replies);
        if self.random.chance(20) {
            self.check_snapshot(&folded);
        }
        let down_ms = if self.random.chance(10) { 700_000 } else { self.random.below(5_000) };
        self.plan(down_ms, Action::Restart);
        self.plan(600_000, Action::Orphans { epoch: self.epoch });
    }

    /// A snapshot gives the same state.
    pub fn check_snapshot(&mut self, state: &Organisation) {
        let text = serde_json::to_string(state).expect("a snapshot is JSON");
        let mut read: Organisation = match serde_json::from_str(&text) {
            Ok(read) => read,
            Err(error) => return self.violate(format!("the snapshot cannot be read: {error}")),
        };
        read.bounds = state.bounds.clone();
        if read != *state {
            self.violate("the snapshot is another state".to_owned());
        }
    }

    /// Shims that find no service for long end their programs.
    pub fn orphans(&mut self, epoch: u64) {
        if self.service.is_some() || self.epoch != epoch {
            return;
        }
        let alive: Vec<ProcessId> =
            self.outside.directories.iter().filter(|(_, d)| d.alive).map(|(process, _)| *process).collect();
        for process in alive {
            self.program_dies(process, Some(legion_model::Exit::Orphaned));
        }
    }
}
