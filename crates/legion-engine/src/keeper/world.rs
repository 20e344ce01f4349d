//! What a keeper knows of the outside, and how it learns it.

use legion_model::tickets::JobId;
use legion_model::{ProcessId, World};
use uuid::Uuid;

/// Something that the hands saw.
#[derive(Debug, Clone)]
pub(crate) enum WorldChange {
    /// The shim is connected, and these inputs are in its transcript.
    Connected { process: ProcessId, written: Vec<Uuid> },
    /// Its program gave a sign of life.
    Sign { process: ProcessId },
    /// It was never started, and may be started now.
    NeverStarted { process: ProcessId },
    /// A write did not come through; it may be tried again.
    WriteFailed { process: ProcessId, id: Uuid },
    /// A piece of work for tickets has ended, and its answer is in the log if it has one.
    JobDone { job: JobId },
}

impl WorldChange {
    /// The process that was found, or found to be absent.
    pub(super) fn looked_at(&self) -> Option<ProcessId> {
        match self {
            Self::Connected { process, .. } | Self::NeverStarted { process } => Some(*process),
            Self::Sign { .. } | Self::WriteFailed { .. } | Self::JobDone { .. } => None,
        }
    }
}

pub(crate) fn change(world: &mut World, change: WorldChange, mono_ms: u64) {
    match change {
        WorldChange::Connected { process, written } => {
            let Some(view) = world.processes.get_mut(&process) else { return };
            view.connected = true;
            view.starting = false;
            view.last_sign_ms = mono_ms;
            for id in written {
                view.written.insert(id);
                view.answered.insert(legion_model::ApprovalId(id));
            }
        }
        WorldChange::Sign { process } => {
            if let Some(view) = world.processes.get_mut(&process) {
                view.last_sign_ms = mono_ms;
            }
        }
        WorldChange::JobDone { job } => {
            world.jobs.remove(&job);
            world.dropped.remove(&job);
        }
        WorldChange::NeverStarted { process } => {
            world.processes.remove(&process);
        }
        WorldChange::WriteFailed { process, id } => {
            if let Some(view) = world.processes.get_mut(&process) {
                view.written.remove(&id);
                view.answered.remove(&legion_model::ApprovalId(id));
                if view.interrupted.is_some_and(|(run, number)| crate::hands::interrupt_id(run, number) == id) {
                    view.interrupted = None;
                }
            }
        }
    }
}
