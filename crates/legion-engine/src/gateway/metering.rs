//! From calls that have ended to the books, and from the books to the agents' own projects.

use std::sync::Arc;
use std::time::Duration;

use legion_gateway::Call;
use legion_model::gateway::{GatewayOrder, GatewayState, NanoUsd, Scope, SettledCalls};
use legion_model::{AgentId, Order, Party, ProjectId, RunId, TicketOrder};
use tokio_util::sync::CancellationToken;

use super::address::GatewayAddress;
use super::books::Books;
use super::cache_watch::{CacheNotice, CacheWatch};
use super::key_use::KeyUses;
use super::pending::Pending;
use crate::engine::{Engine, Inner};
use crate::error::EngineError;

/// At most so often calls are settled; what comes first after a pause is settled at once.
const SETTLE_EVERY: Duration = Duration::from_secs(1);
/// How long the end of a turn waits for its calls to be in the books.
const TURN_PATIENCE: Duration = Duration::from_secs(2);
/// How often is looked for uses of keys that were counted for long, where nobody makes calls.
const COUNTS_EVERY: Duration = Duration::from_secs(600);
/// How long the end of the service waits for the gateway to give back what it has.
const END_PATIENCE: Duration = Duration::from_secs(2);
/// Lines of one batch.
const LINES_MAX: usize = 5_000;

/// The gateway's side of the engine.
pub(crate) struct Metering {
    pub(crate) books: Books,
    pub(crate) address: GatewayAddress,
    pending: Pending,
    caches: CacheWatch,
    pub(super) key_uses: KeyUses,
    /// One batch after the other, so that who waits for one has all before it.
    settling: tokio::sync::Mutex<()>,
}

/// What an agent has spent so far.
struct Spent {
    project: ProjectId,
    agent: AgentId,
    run: Option<RunId>,
    total: NanoUsd,
}

impl Metering {
    pub(crate) fn new(books: Books, address: GatewayAddress) -> Self {
        Self {
            books,
            address,
            pending: Pending::default(),
            caches: CacheWatch::default(),
            key_uses: KeyUses::default(),
            settling: tokio::sync::Mutex::default(),
        }
    }

    /// Takes in a call that has ended. It is in the books within a second.
    pub(super) fn add(&self, call: &Call) {
        self.caches.add(call);
        self.pending.add(call);
    }
}

impl Engine {
    /// Brings everything that was added so far into the books, and then to the agents' projects.
    pub(crate) async fn settle_calls(&self) -> Result<(), EngineError> {
        let metering = &self.inner.gateway;
        let _one_at_a_time = metering.settling.lock().await;
        if metering.pending.is_empty() {
            return Ok(());
        }
        let mut lines = metering.pending.take();
        while !lines.is_empty() {
            let rest = lines.split_off(lines.len().min(LINES_MAX));
            let order = GatewayOrder::Settle { batch: legion_runtime::new_id(), calls: lines.clone() };
            if let Err(error) = metering.books.give(Party::Root, order).await {
                metering.pending.put_back(lines);
                metering.pending.put_back(rest);
                return Err(error);
            }
            let batch = std::mem::replace(&mut lines, rest);
            let spent = metering.books.read(move |state| spent_by(state, &batch)).await?;
            self.tell_projects(spent).await;
        }
        self.tell_of_caches(metering.caches.take()).await;
        Ok(())
    }

    /// A turn has ended: what it cost is known before that is told. Not waited for without end.
    pub(crate) async fn settle_turn(&self) {
        if let Ok(Err(error)) = tokio::time::timeout(TURN_PATIENCE, self.settle_calls()).await {
            tracing::warn!(%error, "calls are not settled yet");
        }
    }

    /// The books are ahead of a project when the service died between the two: it is told what it missed.
    pub(crate) async fn catch_up_spending(&self) -> Result<(), EngineError> {
        for (project, keeper) in self.keepers_by_project() {
            let known =
                keeper.read(|state| state.agents.values().map(|agent| (agent.id, agent.metered)).collect::<Vec<_>>());
            let known = known.await?;
            let behind = self.inner.gateway.books.read(move |state| {
                let ahead = known.into_iter().filter_map(|(agent, metered)| {
                    let total = state.figures.get(&Scope::Agent(agent))?.charged;
                    (total > metered).then_some(Spent { project, agent, run: None, total })
                });
                ahead.collect::<Vec<_>>()
            });
            self.tell_projects(behind.await?).await;
        }
        Ok(())
    }

    /// The service ends: calls are cut, and the gateway settles them and gives back what it has. What it does not give back in time counts
    /// as spent after the next start.
    pub(crate) async fn close_books(&self) {
        self.inner.tasks.cancelled().cancel();
        let books = &self.inner.gateway.books;
        let mut committed = books.committed();
        let given_back = async {
            loop {
                committed.borrow_and_update();
                let open = |state: &GatewayState| state.allowances.values().any(|allowance| !allowance.orphaned);
                if !matches!(books.read(open).await, Ok(true)) || committed.changed().await.is_err() {
                    return;
                }
            }
        };
        // Out of patience, the books are closed all the same.
        let _ = tokio::time::timeout(END_PATIENCE, given_back).await;
        let _ = self.settle_calls().await;
        books.close().await;
    }

    /// The person is told, in the project of the agent.
    async fn tell_of_caches(&self, notices: Vec<CacheNotice>) {
        for CacheNotice { project, text } in notices {
            let order = Order::Tickets(TicketOrder::Notice { text });
            if let Err(error) = self.command(project, Party::Root, None, order).await {
                tracing::warn!(%project, %error, "the person is not told of a prompt cache that stopped working");
            }
        }
    }

    async fn tell_projects(&self, spent: Vec<Spent>) {
        for Spent { project, agent, run, total } in spent {
            let told = match self.keeper(project) {
                Ok(keeper) => keeper.command(Party::Root, None, Order::AgentMetered { agent, run, total }).await,
                Err(error) => Err(error),
            };
            if let Err(error) = told {
                // It is a total: the next one makes up for it, at the latest after the next start.
                tracing::warn!(%project, %agent, %error, "the project does not know yet what its agent spent");
            }
        }
    }
}

/// Settles now and then, until the service ends; then once more.
pub(crate) async fn keep_settled(inner: Arc<Inner>, cancel: CancellationToken) {
    let engine = Engine { inner };
    loop {
        tokio::select! {
            () = cancel.cancelled() => break,
            () = engine.inner.gateway.pending.came.notified() => {}
            // Counts of those that make no more calls.
            () = tokio::time::sleep(COUNTS_EVERY) => {}
        }
        engine.enter_key_uses_due().await;
        if let Err(error) = engine.settle_calls().await {
            // What could not be settled waits; there may be room on the disk later.
            tracing::warn!(%error, "calls are not settled yet");
            engine.inner.gateway.pending.came.notify_one();
        }
        tokio::select! {
            () = cancel.cancelled() => break,
            () = tokio::time::sleep(SETTLE_EVERY) => {}
        }
    }
}

fn spent_by(state: &GatewayState, batch: &[SettledCalls]) -> Vec<Spent> {
    let payers = batch.iter().filter_map(|line| state.payer(line.allowance));
    let spent = payers.filter_map(|payer| {
        let (project, agent) = (payer.project?, payer.agent?);
        let total = state.figures.get(&Scope::Agent(agent))?.charged;
        Some(Spent { project, agent, run: payer.run, total })
    });
    spent.collect()
}
