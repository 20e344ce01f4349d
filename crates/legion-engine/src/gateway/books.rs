//! The keeper of the gateway's stream: decide → append → apply → publish. (handle)

use std::sync::Arc;

use legion_gateway::Settings;
use legion_model::Party;
use legion_model::gateway::{GatewayAnswer, GatewayOrder, GatewayState};
use legion_runtime::{Clock, TaskKind, TaskScope};
use legion_store::Log;
use tokio::sync::{mpsc, oneshot, watch};

use super::books_task::{Asked, BooksTask, Input};
use crate::error::EngineError;
use crate::load::LoadError;

/// Inputs that may wait.
const INBOX_MAX: usize = 4_096;

/// A handle to the books. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Books {
    inputs: mpsc::Sender<Input>,
    settings: watch::Receiver<Arc<Settings>>,
    /// Number of the last committed event.
    committed: watch::Receiver<u64>,
}

impl Books {
    /// Folds the stream, and goes on. What was left open by the service before counts as spent from now on.
    pub(crate) async fn start(log: Arc<dyn Log>, clock: Arc<dyn Clock>, tasks: &TaskScope) -> Result<Self, LoadError> {
        let (inputs, inbox) = mpsc::channel(INBOX_MAX);
        let (publish, settings) = watch::channel(Arc::new(Settings::default()));
        let (commit, committed) = watch::channel(0);
        let task = BooksTask::load(log, clock, tasks.failed(), publish, commit).await?;
        tasks.spawn(TaskKind::Keeper, |_| task.run(inbox));
        Ok(Self { inputs, settings, committed })
    }

    /// The settings as of the last commit.
    pub(crate) fn settings(&self) -> Arc<Settings> {
        self.settings.borrow().clone()
    }

    /// Becomes different with each commit.
    pub(crate) fn committed(&self) -> watch::Receiver<u64> {
        self.committed.clone()
    }

    /// Gives an order. The answer comes when what it means is durable.
    pub(crate) async fn give(&self, by: Party, order: GatewayOrder) -> Result<GatewayAnswer, EngineError> {
        let (reply, answer) = oneshot::channel();
        self.send(Input::Asked(Box::new(Asked { by, order, reply: Some(reply) }))).await?;
        answer.await.map_err(|_| EngineError::ShuttingDown)?
    }

    /// Gives an order that nobody waits for. It is lost when too many wait: only for what is found out again.
    pub(crate) fn note(&self, order: GatewayOrder) {
        let asked = Box::new(Asked { by: Party::Root, order, reply: None });
        if self.inputs.try_send(Input::Asked(asked)).is_err() {
            tracing::warn!("a fact of the gateway is not in the log: too many wait, or the service ends");
        }
    }

    /// Looks at the state as of the last commit.
    pub(crate) async fn read<T, F>(&self, look: F) -> Result<T, EngineError>
    where
        T: Send + 'static,
        F: FnOnce(&GatewayState) -> T + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let look = Box::new(move |state: &GatewayState| {
            // The asker may have gone away in the meantime.
            let _ = reply.send(look(state));
        });
        self.send(Input::Read(look)).await?;
        answer.await.map_err(|_| EngineError::ShuttingDown)
    }

    /// Ends the task once everything before it is done.
    pub(crate) async fn close(&self) {
        let (reply, closed) = oneshot::channel();
        if self.send(Input::Close(reply)).await.is_ok() {
            // The task may have ended already.
            let _ = closed.await;
        }
    }

    async fn send(&self, input: Input) -> Result<(), EngineError> {
        self.inputs.send(input).await.map_err(|_| EngineError::ShuttingDown)
    }
}
