//! A handle to the task of one process.

use std::sync::Arc;

use legion_model::{ProcessId, ProjectId, RunId};
use legion_runtime::TaskKind;
use tokio::sync::mpsc;
use uuid::Uuid;

use super::process::{Begin, ProcessTask};
use super::stopper::Stopper;
use super::{AdoptOrder, Reporter, StartOrder, Task};
use crate::engine::Inner;

/// Steps that may wait for one process.
const TASKS_MAX: usize = 64;

/// A handle to the task of one process.
pub(crate) struct Hand {
    inner: Arc<Inner>,
    tasks: mpsc::Sender<Task>,
    stopper: Stopper,
}

impl Hand {
    /// Starts the program.
    pub(crate) fn start(inner: &Arc<Inner>, project: ProjectId, reporter: Reporter, order: StartOrder) -> Self {
        Self::spawn(inner, project, reporter, Begin::Start(Box::new(order)))
    }

    /// Looks for a process that the log knows.
    pub(crate) fn adopt(inner: &Arc<Inner>, project: ProjectId, reporter: Reporter, order: AdoptOrder) -> Self {
        Self::spawn(inner, project, reporter, Begin::Adopt(order))
    }

    fn spawn(inner: &Arc<Inner>, project: ProjectId, reporter: Reporter, begin: Begin) -> Self {
        let (tasks, inbox) = mpsc::channel(TASKS_MAX);
        let stopper = Stopper::default();
        let task = ProcessTask::new(inner.clone(), project, reporter, inbox, stopper.clone());
        inner.tasks.spawn(TaskKind::Process, |cancel| task.run(begin, cancel));
        Self { inner: inner.clone(), tasks, stopper }
    }

    /// Hands a step over. False when it cannot be taken now.
    pub(crate) fn give(&self, task: Task) -> bool {
        if let Task::Stop { reason } = task
            && self.stopper.stop(&self.inner, reason)
        {
            return true;
        }
        self.tasks.try_send(task).is_ok()
    }

    pub(crate) fn is_gone(&self) -> bool {
        self.tasks.is_closed()
    }
}

/// The id under which the turn of a run is asked to end for the `number`-th time: the same on every try.
pub(crate) fn interrupt_id(run: RunId, number: u32) -> Uuid {
    Uuid::new_v5(&run.0, format!("interrupt/{number}").as_bytes())
}

/// The id under which a request of the program that we do not know is refused.
pub(crate) fn refusal_id(process: ProcessId, request: &str) -> Uuid {
    Uuid::new_v5(&process.0, format!("refuse/{request}").as_bytes())
}
