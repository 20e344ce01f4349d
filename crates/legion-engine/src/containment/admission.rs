//! Who runs, what they take, and whether one more may begin.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use legion_model::{DriverKind, ProcessId};
use legion_sandbox::{Admission, Footprint, Running, admit, machine};

/// Who runs, and what agents of each kind were seen to take.
#[derive(Debug, Default)]
pub(crate) struct Places(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    running: BTreeMap<ProcessId, Running>,
    footprints: BTreeMap<&'static str, Footprint>,
}

impl Places {
    /// Lets a process of this kind begin, if the machine has room for it.
    pub(crate) fn enter(&self, process: ProcessId, kind: DriverKind) -> Admission {
        let mut state = self.state();
        let estimate_bytes = state.footprints.entry(kind.as_str()).or_default().estimate_bytes();
        let running: Vec<Running> = state.running.values().copied().collect();
        let admission = admit(machine(), &running, estimate_bytes);
        if admission == Admission::Start {
            state.running.insert(process, Running { bytes: 0, estimate_bytes });
        }
        admission
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
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
