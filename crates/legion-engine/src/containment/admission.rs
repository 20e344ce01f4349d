//! Who runs, what they take, and whether one more may begin.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use legion_model::{AgentId, DriverKind, ProcessId};
use legion_sandbox::{Admission, Footprint, Machine, Running, admit, machine};

use super::usage::WaitingStart;

/// Who runs, who waits, and what agents of each kind were seen to take.
#[derive(Debug)]
pub(crate) struct Places {
    /// Memory that is kept free; `None` is the usual part of the machine's.
    reserve_bytes: Option<u64>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    running: BTreeMap<ProcessId, Running>,
    waiting: BTreeMap<ProcessId, Waiting>,
    footprints: BTreeMap<&'static str, Footprint>,
}

#[derive(Debug)]
struct Waiting {
    agent: AgentId,
    why: Admission,
    estimate_bytes: u64,
    since_ms: u64,
}

/// A process that wants to begin. It waits no more when this is dropped.
pub(crate) struct Applicant<'a> {
    places: &'a Places,
    agent: AgentId,
    process: ProcessId,
    kind: DriverKind,
    since_ms: u64,
}

impl Places {
    pub(crate) fn new(reserve_bytes: Option<u64>) -> Self {
        Self { reserve_bytes, state: Mutex::default() }
    }

    /// Memory of this machine that is kept free.
    pub(super) fn reserve_bytes(&self, machine: Machine) -> u64 {
        self.reserve_bytes.unwrap_or_else(|| machine.reserve_bytes())
    }

    /// A process that wants to begin since now.
    pub(crate) fn applicant(&self, agent: AgentId, process: ProcessId, kind: DriverKind, now_ms: u64) -> Applicant<'_> {
        Applicant { places: self, agent, process, kind, since_ms: now_ms }
    }

    /// Who waits.
    pub(super) fn waiting(&self, now_ms: u64) -> Vec<WaitingStart> {
        let told = |waiting: &Waiting| WaitingStart {
            agent: waiting.agent,
            why: waiting.why,
            estimate_bytes: waiting.estimate_bytes,
            since: Duration::from_millis(now_ms.saturating_sub(waiting.since_ms)),
        };
        self.state().waiting.values().map(told).collect()
    }

    /// One that runs already, since before this service.
    pub(crate) fn is_there(&self, process: ProcessId, kind: DriverKind) {
        let mut state = self.state();
        let estimate_bytes = state.footprints.entry(kind.as_str()).or_default().estimate_bytes();
        state.running.entry(process).or_insert(Running { bytes: 0, estimate_bytes });
    }

    /// What one takes now.
    pub(super) fn takes(&self, process: ProcessId, bytes: u64) {
        if let Some(running) = self.state().running.get_mut(&process) {
            running.bytes = bytes;
        }
    }

    /// One that ended, and the most that it took as far as that is known.
    pub(crate) fn leave(&self, process: ProcessId, kind: DriverKind, peak_bytes: Option<u64>) {
        let mut state = self.state();
        state.running.remove(&process);
        if let Some(peak) = peak_bytes.filter(|peak| *peak > 0) {
            state.footprints.entry(kind.as_str()).or_default().saw(peak);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Applicant<'_> {
    /// Lets it begin, if the machine has room for it; else it waits, and is told as waiting.
    pub(crate) fn enter(&self) -> Admission {
        let machine = machine();
        let mut state = self.places.state();
        let estimate_bytes = state.footprints.entry(self.kind.as_str()).or_default().estimate_bytes();
        let running: Vec<Running> = state.running.values().copied().collect();
        let admission = admit(machine, &running, estimate_bytes, self.places.reserve_bytes(machine));
        if admission == Admission::Start {
            state.running.insert(self.process, Running { bytes: 0, estimate_bytes });
            state.waiting.remove(&self.process);
        } else {
            let (agent, since_ms) = (self.agent, self.since_ms);
            state.waiting.insert(self.process, Waiting { agent, why: admission, estimate_bytes, since_ms });
        }
        admission
    }
}

impl Drop for Applicant<'_> {
    fn drop(&mut self) {
        self.places.state().waiting.remove(&self.process);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_without_room_is_told_as_waiting_until_it_begins_or_is_given_up() {
        let id = |number: u128| uuid::Uuid::from_u128(number);
        // No machine has as much: only one that is alone begins.
        let places = Places::new(Some(u64::MAX / 4));
        let wants = |number| places.applicant(AgentId(id(number)), ProcessId(id(number)), DriverKind::Command, 1_000);
        let (first, second, third) = (wants(1), wants(2), wants(3));
        assert_eq!(first.enter(), Admission::Start);
        assert!(places.waiting(1_000).is_empty());
        for applicant in [&second, &third] {
            assert!(matches!(applicant.enter(), Admission::NoMemory { missing_bytes } if missing_bytes > 1 << 50));
        }
        let waiting = places.waiting(3_500);
        assert_eq!(waiting.len(), 2);
        assert_eq!((waiting[0].agent, waiting[0].since), (AgentId(id(2)), Duration::from_millis(2_500)));
        drop(third);
        assert_eq!(places.waiting(0).len(), 1);
        places.leave(ProcessId(id(1)), DriverKind::Command, None);
        assert_eq!(second.enter(), Admission::Start);
        assert!(places.waiting(0).is_empty());
    }
}
