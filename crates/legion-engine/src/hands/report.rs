//! How the hands report to their keeper.

use std::time::Duration;

use legion_model::{Order, Party};
use tokio::sync::{mpsc, oneshot};

use crate::error::EngineError;
use crate::keeper::{Input, WorldChange};

/// How soon a report is repeated that the log had no room for.
const RETRY: Duration = Duration::from_secs(1);

/// Reports facts and changes of the world. Holds no keeper alive.
#[derive(Clone)]
pub(crate) struct Reporter {
    inputs: mpsc::WeakSender<Input>,
}

/// The keeper is gone: nothing more is to be done here.
pub(crate) struct KeeperGone;

impl Reporter {
    pub(crate) fn new(inputs: mpsc::WeakSender<Input>) -> Self {
        Self { inputs }
    }

    /// Reports a fact until it is in the log. A full disk makes it wait: nothing is dropped.
    pub(crate) async fn fact(&self, order: Order) -> Result<(), KeeperGone> {
        loop {
            let (reply, answer) = oneshot::channel();
            let input =
                Input::Command { by: Party::Root, key: None, order: Box::new(order.clone()), reply: Some(reply) };
            self.send(input).await?;
            match answer.await {
                Ok(Err(EngineError::DiskFull)) => tokio::time::sleep(RETRY).await,
                Ok(Err(error @ EngineError::Internal { .. })) => {
                    tracing::error!(%error, "a fact was not recorded");
                    return Err(KeeperGone);
                }
                Ok(Err(EngineError::ShuttingDown)) | Err(_) => return Err(KeeperGone),
                // A fact is never refused for what it is; if one were, saying it again would not help.
                Ok(_) => return Ok(()),
            }
        }
    }

    pub(crate) async fn world(&self, change: WorldChange) -> Result<(), KeeperGone> {
        self.send(Input::World(change)).await
    }

    async fn send(&self, input: Input) -> Result<(), KeeperGone> {
        let inputs = self.inputs.upgrade().ok_or(KeeperGone)?;
        inputs.send(input).await.map_err(|_| KeeperGone)
    }
}
