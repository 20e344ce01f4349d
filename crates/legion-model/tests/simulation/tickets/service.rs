//! The keeper of one life of the service: decide, append, apply; crash and fold again.

use std::collections::BTreeMap;

use jiff::Timestamp;
use legion_model::reconcile::reconcile;
use legion_model::tickets::{JobId, Work};
use legion_model::{Command, Decided, Event, Order, Organisation, ProcessId, ProcessView, Refusal, Step, World};

use super::agenda::{Action, CrashPoint, Own};
use super::history::History;

/// Commits at one instant of virtual time that change nothing, before this counts as a circle.
const EMPTY_COMMITS_MAX: u32 = 100;

/// One event of the log.
pub struct Logged {
    pub at: Timestamp,
    pub event: Event,
}

pub struct Service {
    /// Ahead of the log by what is in the buffer.
    pub state: Organisation,
    pub world: World,
    /// Work that was begun, and of which nothing is done yet.
    pub in_flight: BTreeMap<JobId, Work>,
    buffer: Vec<(Timestamp, Event)>,
    is_committing: bool,
    wake_ms: Option<u64>,
    empty: (u64, u32),
}

impl Service {
    pub fn is_settled(&self) -> bool {
        self.buffer.is_empty() && !self.is_committing
    }
}

impl History {
    /// The service starts: it folds its log, and looks for what it left behind.
    pub fn start_service(&mut self) {
        if self.service.is_some() {
            return;
        }
        self.epoch += 1;
        let state = self.folded();
        let epoch = self.epoch;
        self.note(|| format!("the service starts, life {epoch}, version {}", state.version));
        let processes: Vec<ProcessId> = state.processes.keys().copied().collect();
        let mut service = Service {
            state,
            world: World::default(),
            in_flight: BTreeMap::new(),
            buffer: Vec::new(),
            is_committing: false,
            wake_ms: None,
            empty: (0, 0),
        };
        for &process in &processes {
            let view = ProcessView { last_sign_ms: self.mono_ms, ..ProcessView::default() };
            service.world.processes.insert(process, view);
        }
        self.service = Some(service);
        self.submit(&Command::own(self.wall(), Order::StartService));
        for process in processes {
            let delay = self.delay();
            self.plan_own(delay, Own::Look(process));
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
    pub fn submit(&mut self, command: &Command) -> Option<Result<Decided, Refusal>> {
        let mut service = self.service.take()?;
        let decided = self.decided(&mut service.state, command);
        if let Ok(decided) = &decided {
            let at = service.state.last_at;
            service.buffer.extend(decided.events.iter().map(|event| (at, event.clone())));
        }
        let first = !std::mem::replace(&mut service.is_committing, true);
        self.service = Some(service);
        if first {
            let delay = self.random.below(4);
            self.plan_own(delay, Own::Commit);
        }
        if self.armed == Some(CrashPoint::BeforeAppend) {
            self.crash("before the append");
        }
        Some(decided)
    }

    fn decided(&mut self, state: &mut Organisation, command: &Command) -> Result<Decided, Refusal> {
        let Some(bug) = self.bug else { return state.step(command) };
        let before = state.clone();
        let mut decided = state.step(command)?;
        if bug.mutate(&before, state, command, &mut decided) {
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
        if self.is_circling(buffer.is_empty()) {
            return self.violate("not live: the same steps lead to nothing again and again".to_owned());
        }
        let first = self.log.len();
        for (at, event) in buffer {
            // Every event on its way through JSON, in some of the histories.
            if self.traced || self.habits.through_json {
                let text = serde_json::to_string(&event).expect("events are JSON");
                match serde_json::from_str::<Event>(&text) {
                    Ok(read) if read == event => {}
                    Ok(_) => return self.violate(format!("it changed on its way through JSON: {text}")),
                    Err(error) => return self.violate(format!("cannot be read back: {error}: {text}")),
                }
                self.note(|| text);
            }
            self.log.push(Logged { at, event });
        }
        self.audit_batch(first);
        if self.armed == Some(CrashPoint::AfterAppend) {
            return self.crash("after the append");
        }
        let Some(service) = self.service.as_mut() else { return };
        let state = &service.state;
        service.world.processes.retain(|process, _| state.processes.contains_key(process));
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
        let Some(service) = self.service.as_ref().filter(|service| service.is_settled()) else { return };
        let now = self.now(&service.state);
        let (mut steps, wake_ms) = reconcile(&service.state, &service.world, now);
        if let Some(bug) = self.bug {
            bug.mutate_steps(&service.state, &mut steps);
        }
        let count = steps.len();
        let mut due = Vec::new();
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
            let before = self.log.len();
            let decided = self.submit(&command);
            // A time that came means something: otherwise it would be named again at once.
            if let Some(Ok(decided)) = decided
                && decided.events.is_empty()
                && self.is_first_of(before)
                && matches!(command.order, Order::Tickets(_))
            {
                self.violate(format!("a time that came means nothing: {:?}", command.order));
            }
        }
    }

    /// Whether nothing else was decided since the last commit.
    fn is_first_of(&self, log: usize) -> bool {
        self.service.as_ref().is_some_and(|service| service.buffer.is_empty()) && self.log.len() == log
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
            self.plan_own(in_ms, Own::Wake);
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
        self.plan(40_000, Action::CrashIfArmed);
    }

    pub fn crash_if_armed(&mut self) {
        if self.armed.is_some() {
            self.crash("at last");
        }
    }

    /// The service is gone, with everything that was not durable.
    pub fn crash(&mut self, how: &str) {
        self.armed = None;
        if self.service.is_none() {
            return;
        }
        self.note(|| format!("the service dies {how}"));
        // Programs that did its work may get done without it.
        self.orphan_work();
        let Some(service) = self.service.take() else { return };
        self.crashes += 1;
        if service.is_settled() && self.folded() != service.state {
            self.violate("the state is not the fold of the log".to_owned());
        }
        let down_ms = if self.random.chance(10) { 700_000 } else { self.random.below(5_000) };
        self.plan(down_ms, Action::Restart);
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
}
