//! The keeper of one project: decide → append → apply → publish, then reconcile. (handle)

use std::sync::Arc;
use std::time::Duration;

use legion_model::{Answer, Key, Order, Organisation, Party, ProjectId};
use legion_store::StreamId;
use tokio::sync::{mpsc, oneshot, watch};

use crate::engine::Inner;
use crate::error::EngineError;

pub use task::Stored;
mod full_disk;
mod group;
mod task;
mod work;
mod world;

pub(crate) use task::Input;
pub(crate) use world::WorldChange;

/// Inputs that may wait for a keeper.
const INBOX_MAX: usize = 1_024;

/// A handle to the keeper of a project. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Keeper {
    inputs: mpsc::Sender<Input>,
    /// Number of the last committed event.
    committed: watch::Receiver<u64>,
    /// Whether every process that the log knew at the start was looked at.
    looked: watch::Receiver<bool>,
}

impl Keeper {
    /// Folds the log, looks at the world, and goes on.
    pub(crate) async fn start(
        inner: Arc<Inner>,
        project: ProjectId,
        stream: StreamId,
    ) -> Result<Self, crate::load::LoadError> {
        let (inputs, inbox) = mpsc::channel(INBOX_MAX);
        let (committed, watch) = watch::channel(0);
        let (looking, looked) = watch::channel(false);
        let reports = task::Reports { inputs: inputs.downgrade(), committed, looking };
        let task = task::KeeperTask::load(inner.clone(), project, stream, reports).await?;
        inner.tasks.spawn(legion_runtime::TaskKind::Keeper, |_| task.run(inbox));
        Ok(Self { inputs, committed: watch, looked })
    }

    pub(crate) async fn command(&self, by: Party, key: Option<Key>, order: Order) -> Result<Answer, EngineError> {
        self.give(by, key, order).await?.await.map_err(|_| EngineError::ShuttingDown)?
    }

    /// Both wait in the inbox together, so that the look follows the commit at once.
    pub(crate) async fn command_and_read<T, F>(
        &self,
        by: Party,
        key: Option<Key>,
        order: Order,
        look: F,
    ) -> Result<(Answer, T), EngineError>
    where
        T: Send + 'static,
        F: FnOnce(&Organisation) -> T + Send + 'static,
    {
        let answer = self.give(by, key, order).await?;
        let seen = self.look(look).await?;
        let answer = answer.await.map_err(|_| EngineError::ShuttingDown)??;
        Ok((answer, seen.await.map_err(|_| EngineError::ShuttingDown)?))
    }

    pub(crate) async fn read<T, F>(&self, look: F) -> Result<T, EngineError>
    where
        T: Send + 'static,
        F: FnOnce(&Organisation) -> T + Send + 'static,
    {
        self.look(look).await?.await.map_err(|_| EngineError::ShuttingDown)
    }

    async fn give(
        &self,
        by: Party,
        key: Option<Key>,
        order: Order,
    ) -> Result<oneshot::Receiver<Result<Answer, EngineError>>, EngineError> {
        let (reply, answer) = oneshot::channel();
        self.send(Input::Command { by, key, order: Box::new(order), reply: Some(reply) }).await?;
        Ok(answer)
    }

    async fn look<T, F>(&self, look: F) -> Result<oneshot::Receiver<T>, EngineError>
    where
        T: Send + 'static,
        F: FnOnce(&Organisation) -> T + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let look = Box::new(move |state: &Organisation| {
            // The asker may have gone away in the meantime.
            let _ = reply.send(look(state));
        });
        self.send(Input::Read(look)).await?;
        Ok(answer)
    }

    pub(crate) async fn until<T, F>(&self, patience: Duration, look: F) -> Result<Option<T>, EngineError>
    where
        T: Send + 'static,
        F: FnMut(&Organisation) -> Option<T> + Send + 'static,
    {
        let look = Arc::new(std::sync::Mutex::new(look));
        let mut committed = self.committed.clone();
        let waiting = async {
            loop {
                committed.borrow_and_update();
                let look = look.clone();
                let found = self.read(move |state| (look.lock().expect("a look does not panic"))(state)).await?;
                if found.is_some() {
                    return Ok(found);
                }
                if committed.changed().await.is_err() {
                    return Err(EngineError::ShuttingDown);
                }
            }
        };
        tokio::time::timeout(patience, waiting).await.unwrap_or(Ok(None))
    }

    /// Returns when every process that the log knew at the start was looked at: until then a dead one may seem to work.
    pub(crate) async fn first_look(&self) {
        // An error means that the keeper ended: nothing more will be looked at.
        let _ = self.looked.clone().wait_for(|looked| *looked).await;
    }

    pub(crate) async fn close(&self) {
        let (reply, closed) = oneshot::channel();
        if self.send(Input::Close { reply }).await.is_ok() {
            // The task may have ended already.
            let _ = closed.await;
        }
    }

    async fn send(&self, input: Input) -> Result<(), EngineError> {
        self.inputs.send(input).await.map_err(|_| EngineError::ShuttingDown)
    }
}
