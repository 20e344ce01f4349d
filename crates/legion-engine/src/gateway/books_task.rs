//! The keeper of the gateway's stream. (task)

use std::ops::ControlFlow;
use std::sync::Arc;

use legion_gateway::Settings;
use legion_model::Party;
use legion_model::gateway::{GatewayAnswer, GatewayCommand, GatewayOrder, GatewayState};
use legion_runtime::Clock;
use legion_store::{AppendError, Log, NewRecord, Snapshot, StreamId};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use super::settings;
use crate::error::EngineError;
use crate::load::{self, LoadError, record};

/// Inputs that are decided and appended together.
const GROUP_MAX: usize = 256;
/// Events after which a snapshot is worth its time.
const SNAPSHOT_EVERY: u64 = 20_000;

pub(super) struct Asked {
    pub(super) by: Party,
    pub(super) order: GatewayOrder,
    pub(super) reply: Option<oneshot::Sender<Result<GatewayAnswer, EngineError>>>,
}

pub(super) enum Input {
    Asked(Box<Asked>),
    /// A look at the state as of the last commit.
    Read(Box<dyn FnOnce(&GatewayState) + Send>),
    Close(oneshot::Sender<()>),
}

pub(super) struct BooksTask {
    log: Arc<dyn Log>,
    clock: Arc<dyn Clock>,
    stream: StreamId,
    state: GatewayState,
    snapshot_version: u64,
    /// Tells the service that it cannot go on.
    failed: CancellationToken,
    settings: watch::Sender<Arc<Settings>>,
    committed: watch::Sender<u64>,
}

impl BooksTask {
    pub(super) async fn load(
        log: Arc<dyn Log>,
        clock: Arc<dyn Clock>,
        failed: CancellationToken,
        settings: watch::Sender<Arc<Settings>>,
        committed: watch::Sender<u64>,
    ) -> Result<Self, LoadError> {
        let stream = StreamId::service();
        let state = fold(&log, &stream).await?;
        let snapshot_version = state.version;
        let mut task = Self { log, clock, stream, state, snapshot_version, failed, settings, committed };
        let start = Asked { by: Party::Root, order: GatewayOrder::StartService, reply: None };
        let mut records = Vec::new();
        let expected = task.state.version;
        if let Err(error) = task.decide(&start, &mut records) {
            return Err(LoadError::Append { stream: task.stream, what: error.to_string() });
        }
        if !records.is_empty() {
            let appended = task.log.append(&task.stream, expected, records).await;
            appended.map_err(|error| LoadError::Append { stream: task.stream.clone(), what: error.to_string() })?;
        }
        task.publish();
        Ok(task)
    }

    pub(super) async fn run(mut self, mut inbox: mpsc::Receiver<Input>) {
        let mut inputs = Vec::new();
        while inbox.recv_many(&mut inputs, GROUP_MAX).await > 0 {
            if self.turn(std::mem::take(&mut inputs)).await.is_break() {
                return;
            }
        }
    }

    /// Everything that is there is decided, appended together, answered.
    async fn turn(&mut self, inputs: Vec<Input>) -> ControlFlow<()> {
        let (mut asked, mut looks, mut close) = (Vec::new(), Vec::new(), None);
        for input in inputs {
            match input {
                Input::Asked(order) => asked.push(*order),
                Input::Read(look) => looks.push(look),
                Input::Close(reply) => close = Some(reply),
            }
        }
        let goes_on = self.settle(asked).await;
        if !goes_on {
            // Somebody else writes, or the log is broken: what we would say is no longer true.
            self.failed.cancel();
            return ControlFlow::Break(());
        }
        for look in looks {
            look(&self.state);
        }
        if close.is_some() || self.state.version - self.snapshot_version >= SNAPSHOT_EVERY {
            self.save().await;
        }
        match close {
            Some(reply) => {
                // The asker may have given up waiting.
                let _ = reply.send(());
                ControlFlow::Break(())
            }
            None => ControlFlow::Continue(()),
        }
    }

    /// False when nothing can be appended any more.
    async fn settle(&mut self, asked: Vec<Asked>) -> bool {
        let expected = self.state.version;
        let mut records = Vec::new();
        let answers: Vec<_> = asked.iter().map(|asked| self.decide(asked, &mut records)).collect();
        let appended = match records.is_empty() {
            true => Ok(()),
            false => self.log.append(&self.stream, expected, records).await.map(|_| ()),
        };
        let (goes_on, lost): (bool, Option<fn() -> EngineError>) = match &appended {
            Ok(()) => (true, None),
            Err(AppendError::Full) => match fold(&self.log, &self.stream).await {
                Ok(state) => {
                    self.state = state;
                    (true, Some(|| EngineError::DiskFull))
                }
                Err(_) => (false, Some(|| EngineError::DiskFull)),
            },
            Err(_) => (false, Some(|| EngineError::ShuttingDown)),
        };
        if let Err(error) = &appended {
            tracing::error!(stream = %self.stream, %error, "the log took nothing");
        }
        self.publish();
        for (asked, answer) in asked.into_iter().zip(answers) {
            // What was refused stays refused.
            let answer = answer.and_then(|answer| lost.map_or(Ok(answer), |error| Err(error())));
            if let Some(reply) = asked.reply {
                // A caller that went away has its answer in the log.
                let _ = reply.send(answer);
            }
        }
        goes_on
    }

    fn decide(&mut self, asked: &Asked, records: &mut Vec<NewRecord>) -> Result<GatewayAnswer, EngineError> {
        let at = self.clock.now().max(self.state.last_at);
        let decided = self.state.step(&GatewayCommand { at, by: asked.by, order: asked.order.clone() })?;
        records.extend(decided.events.iter().map(|event| record(event, at)));
        Ok(decided.answer)
    }

    /// Shows what is set, when it is another than before, and that something was committed.
    fn publish(&self) {
        let fresh = settings::of(&self.state);
        self.settings.send_if_modified(|shown| {
            let differs = !settings::same(shown, &fresh);
            if differs {
                *shown = Arc::new(fresh);
            }
            differs
        });
        let version = self.state.version;
        self.committed.send_if_modified(|seen| std::mem::replace(seen, version) != version);
    }

    async fn save(&mut self) {
        self.snapshot_version = self.state.version;
        let Ok(body) = serde_json::to_vec(&self.state) else { return };
        let snapshot = Snapshot { version: self.state.version, fold: GatewayState::FOLD.to_owned(), body };
        if let Err(error) = self.log.snapshot_save(&self.stream, snapshot).await {
            tracing::warn!(stream = %self.stream, %error, "no snapshot was saved");
        }
    }
}

/// Snapshot, then events. A snapshot that does not fit is dropped.
async fn fold(log: &Arc<dyn Log>, stream: &StreamId) -> Result<GatewayState, LoadError> {
    let snapshot = log.snapshot_load(stream, GatewayState::FOLD).await.ok().flatten();
    let mut state: GatewayState = snapshot
        .and_then(|snapshot| {
            let state: GatewayState = serde_json::from_slice(&snapshot.body).ok()?;
            (state.version == snapshot.version).then_some(state)
        })
        .unwrap_or_default();
    let from = state.version;
    load::events(log, stream, from, |event, at| state.apply(event, at)).await?;
    Ok(state)
}
