//! Tasks with an owner. Every task has a kind that says what its failure means; somebody waits for every one of them.

use std::future::Future;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What a task is for, and so what its end by panic means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskKind {
    /// Decides and appends for one project. Without it nothing can be true any more.
    Keeper,
    /// Holds one agent process.
    Process,
    /// One piece of work for tickets.
    Work,
    /// One listener.
    Listener,
    /// One connection or one stream of it.
    Connection,
    /// Something that is done now and then.
    Upkeep,
}

impl TaskKind {
    /// Whether the service cannot go on when such a task panics.
    fn is_vital(self) -> bool {
        match self {
            Self::Keeper | Self::Listener => true,
            Self::Process | Self::Work | Self::Connection | Self::Upkeep => false,
        }
    }
}

/// Owns tasks. Cheap to clone.
#[derive(Debug, Clone)]
pub struct TaskScope {
    tracker: TaskTracker,
    cancel: CancellationToken,
    failed: CancellationToken,
}

impl TaskScope {
    pub fn new() -> Self {
        Self { tracker: TaskTracker::new(), cancel: CancellationToken::new(), failed: CancellationToken::new() }
    }

    /// Starts a task. It is handed the token that tells it to end.
    pub fn spawn<F, T>(&self, kind: TaskKind, make: F)
    where
        F: FnOnce(CancellationToken) -> T,
        T: Future<Output = ()> + Send + 'static,
    {
        let task = self.tracker.spawn(make(self.cancel.clone()));
        let failed = self.failed.clone();
        self.tracker.spawn(async move {
            if let Err(error) = task.await
                && error.is_panic()
            {
                tracing::error!(?kind, %error, "a task panicked");
                if kind.is_vital() {
                    failed.cancel();
                }
            }
        });
    }

    /// Becomes cancelled when the tasks shall end.
    pub fn cancelled(&self) -> CancellationToken {
        self.cancel.clone()
    }

    /// Becomes cancelled when a task that the service cannot do without has panicked.
    pub fn failed(&self) -> CancellationToken {
        self.failed.clone()
    }

    /// Tells all tasks to end and waits for them. False when some were still there after `grace`.
    pub async fn end(&self, grace: Duration) -> bool {
        self.cancel.cancel();
        self.tracker.close();
        tokio::time::timeout(grace, self.tracker.wait()).await.is_ok()
    }
}

impl Default for TaskScope {
    fn default() -> Self {
        Self::new()
    }
}
