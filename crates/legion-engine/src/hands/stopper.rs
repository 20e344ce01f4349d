//! The end of one process. It waits for nothing that the task of the process may be waiting for, such as room in the log.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use legion_model::StopReason;
use legion_process::Shim;
use legion_runtime::TaskKind;

use crate::engine::Inner;

/// Ends a process, once. Shared by its task and the keeper's handle.
#[derive(Clone, Default)]
pub(super) struct Stopper(Arc<State>);

#[derive(Default)]
struct State {
    shim: OnceLock<Shim>,
    begun: AtomicBool,
}

impl Stopper {
    /// From now on the process can be ended.
    pub(super) fn reached(&self, shim: &Shim) {
        // A process has one shim in its life.
        let _ = self.0.shim.set(shim.clone());
    }

    /// Whether somebody wanted its end.
    pub(super) fn has_begun(&self) -> bool {
        self.0.begun.load(Ordering::SeqCst)
    }

    /// Begins the end. False when the shim is not reached yet.
    pub(super) fn stop(&self, inner: &Arc<Inner>, reason: StopReason) -> bool {
        let Some(shim) = self.0.shim.get() else { return false };
        if self.0.begun.swap(true, Ordering::SeqCst) {
            return true;
        }
        let shim = shim.clone();
        let grace = Duration::from_millis(inner.bounds.stop_grace_ms);
        let stopping = async move {
            if reason == StopReason::Warm {
                // Nothing to lose: it is asked to end, and has time for it.
                let asked = shim.close_stdin().await;
                if asked.is_ok() && tokio::time::timeout(grace, shim.wait_gone()).await.is_ok() {
                    return;
                }
            }
            let stopped = shim.stop_and_wait(grace, matches!(reason, StopReason::Run | StopReason::Down)).await;
            tracing::debug!(?stopped, "a process was stopped");
        };
        inner.tasks.spawn(TaskKind::Process, |_| stopping);
        true
    }
}
