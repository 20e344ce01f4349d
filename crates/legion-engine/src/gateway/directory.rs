//! What the gateway asks of the engine.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use legion_gateway::{Allowance, Call, Caller, ClosedLane, Directory, NoAllowance, NotEntered, NotReleased, Settings};
use legion_model::gateway::{AllowanceId, GatewayAnswer, GatewayOrder, NanoUsd};
use legion_model::{Order, Party, Refusal, RefusalKind};
use uuid::Uuid;

use super::caller::Spender;
use super::key_use::KeyUse;
use crate::audit::TokenOf;
use crate::engine::Engine;
use crate::error::EngineError;

/// How long a call waits for money that is set aside for others and may become free.
const BUSY_PATIENCE: Duration = Duration::from_secs(15);
/// How long a call waits for the use of a key to be in the audit.
const ENTER_PATIENCE: Duration = Duration::from_secs(10);

/// The engine, as the gateway sees it.
pub struct GatewayDirectory {
    engine: Engine,
    person_token: String,
}

impl GatewayDirectory {
    /// The person's token makes calls, too: for programs that Legion did not start.
    pub fn new(engine: Engine, person_token: String) -> Self {
        Self { engine, person_token }
    }

    async fn open(&self, caller: &Caller, wanted: NanoUsd) -> Result<Allowance, EngineError> {
        let engine = &self.engine;
        let spender = engine.spender(caller).await.ok_or_else(|| {
            Refusal::new(RefusalKind::NotFound, "the agent that calls is gone: it can spend nothing any more")
        })?;
        if let (Some(process), Some(project)) = (spender.unmetered, spender.payer.project) {
            // Before its first call: from then on its program's own word about money does not count.
            engine.keeper(project)?.command(Party::Root, None, Order::ProcessMetered { process }).await?;
        }
        // More is granted on what is known to be spent.
        engine.settle_calls().await?;
        let allowance = AllowanceId(legion_runtime::new_id());
        let Spender { payer, caps, names, .. } = spender;
        let (project, agent, run) = (payer.project, payer.agent, payer.run);
        let order = GatewayOrder::OpenAllowance { allowance, payer, wanted, caps, names };
        match engine.inner.gateway.books.give(Party::Root, order).await {
            Ok(GatewayAnswer::Granted(granted)) => Ok(Allowance { id: allowance.0, nanos: granted.0 }),
            Ok(other) => Err(EngineError::internal(format!("an allowance was answered with {other:?}"))),
            Err(EngineError::Refused(refusal)) if refusal.kind == RefusalKind::Limit => {
                if let (Some(project), Some(agent), Some(run)) = (project, agent, run) {
                    let why = refusal.what.clone();
                    let end = Order::MoneyUsedUp { agent, run, why };
                    engine.keeper(project)?.command(Party::Root, None, end).await?;
                }
                Err(refusal.into())
            }
            Err(error) => Err(error),
        }
    }

    /// Only a limit that is really spent is one: everything else may be another time.
    async fn none(&self, caller: &Caller, error: EngineError) -> NoAllowance {
        let message = error.to_string();
        let EngineError::Refused(refusal) = error else { return NoAllowance::Unavailable { message } };
        match refusal.kind {
            RefusalKind::Limit => {
                let scope = self.used_up(caller).await.unwrap_or_else(|| "the budget".to_owned());
                NoAllowance::OverBudget { scope, message }
            }
            RefusalKind::Busy => NoAllowance::Busy { message },
            _ => NoAllowance::Forbidden { message },
        }
    }

    /// What the refused caller stands under that is used up, in a word.
    async fn used_up(&self, caller: &Caller) -> Option<String> {
        let Spender { payer, caps, names, .. } = self.engine.spender(caller).await?;
        let at = self.engine.clock().now();
        let look = self.engine.inner.gateway.books.read(move |state| state.used_up(&payer, &caps, at));
        look.await.ok().flatten().map(|scope| scope.called(&names))
    }
}

#[async_trait]
impl Directory for GatewayDirectory {
    async fn caller(&self, token: &str) -> Option<Caller> {
        if legion_runtime::constant_time_eq(token, &self.person_token) {
            return Some(Caller { person: true, ..Caller::default() });
        }
        self.engine.gateway_caller(token).await
    }

    async fn refused(&self, by: Result<&Caller, Option<&str>>, request: &str, why: &str) {
        let (project, who) = match by {
            Ok(Caller { agent: Some(agent), project, .. }) => {
                let agent = agent.parse().ok().map(Party::Agent);
                (project.as_ref().and_then(|project| project.parse().ok()), agent)
            }
            Ok(_) => (None, Some(Party::Root)),
            Err(token) => match self.engine.agent_of_token(token.unwrap_or_default()).await {
                TokenOf::Agent(project, agent) | TokenOf::Formerly(project, agent) => {
                    (Some(project), Some(Party::Agent(agent)))
                }
                TokenOf::Nobody => (None, None),
            },
        };
        self.engine.refused(project, who, request.to_owned(), why.to_owned()).await;
    }

    fn settings(&self) -> Arc<Settings> {
        self.engine.inner.gateway.books.settings()
    }

    async fn allowance(&self, caller: &Caller, nanos: u64) -> Result<Allowance, NoAllowance> {
        let mut committed = self.engine.inner.gateway.books.committed();
        let asking = async {
            loop {
                committed.borrow_and_update();
                match self.open(caller, NanoUsd(nanos)).await {
                    Err(EngineError::Refused(refusal)) if refusal.kind == RefusalKind::Busy => {
                        if committed.changed().await.is_err() {
                            return Err(EngineError::Refused(refusal));
                        }
                    }
                    opened => return opened,
                }
            }
        };
        let opened = tokio::time::timeout(BUSY_PATIENCE, asking).await.unwrap_or_else(|_| {
            let what = "what is left of the budget is set aside for other calls that are under way";
            Err(Refusal::new(RefusalKind::Busy, what).into())
        });
        match opened {
            Ok(allowance) => Ok(allowance),
            Err(error) => Err(self.none(caller, error).await),
        }
    }

    async fn key_used(&self, caller: &Caller, provider: &str) -> Result<(), NotEntered> {
        let entering = self.engine.key_used(KeyUse::of(caller, provider));
        let not = match tokio::time::timeout(ENTER_PATIENCE, entering).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => error.to_string(),
            Err(late) => late.to_string(),
        };
        tracing::warn!(provider, error = not, "a key is not used: that cannot be entered in the audit");
        Err(NotEntered)
    }

    fn settle(&self, call: Call) {
        self.engine.inner.gateway.add(&call);
    }

    async fn release(&self, allowance: Uuid) -> Result<(), NotReleased> {
        // What it was spent for is in the books before the rest is free again.
        if let Err(error) = self.engine.settle_calls().await {
            tracing::warn!(%error, "an allowance is kept for now: what was spent of it cannot be settled");
            return Err(NotReleased);
        }
        let order = GatewayOrder::CloseAllowances(vec![AllowanceId(allowance)]);
        if let Err(error) = self.engine.inner.gateway.books.give(Party::Root, order).await {
            tracing::warn!(%error, "an allowance is kept for now: it counts as spent if the service ends before there is room");
            return Err(NotReleased);
        }
        Ok(())
    }

    fn lane_closed(&self, closed: ClosedLane) {
        let ClosedLane { provider, model, until, class, why } = closed;
        let Ok(provider) = provider.parse() else { return };
        let class = super::settings::lane_class(class);
        self.engine.inner.gateway.books.note(GatewayOrder::CloseLane { provider, model, until, class, why });
    }

    fn lane_opened(&self, provider: &str, model: Option<&str>) {
        let Ok(provider) = provider.parse() else { return };
        self.engine.inner.gateway.books.note(GatewayOrder::OpenLane { provider, model: model.map(str::to_owned) });
    }
}
