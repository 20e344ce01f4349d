//! What faces ask of the gateway's books.

use std::collections::HashMap;
use std::sync::Arc;

use legion_gateway::Settings;
use legion_model::gateway::{GatewayAnswer, GatewayOrder, GatewayState};
use legion_model::{AgentId, Party, ProjectId};
use legion_runtime::AgentGrant;

use crate::engine::Engine;
use crate::error::EngineError;

impl Engine {
    /// Gives the gateway's books an order. The answer comes when what it means is durable.
    pub async fn gateway(&self, by: Party, order: GatewayOrder) -> Result<GatewayAnswer, EngineError> {
        let answer = self.inner.gateway.books.give(by, order).await?;
        if matches!(answer, GatewayAnswer::Reconciled(_)) {
            self.catch_up_spending().await?;
        }
        Ok(answer)
    }

    /// Looks at the gateway's state as of the last commit. Calls that have just ended are in it.
    pub async fn gateway_read<T, F>(&self, look: F) -> Result<T, EngineError>
    where
        T: Send + 'static,
        F: FnOnce(&GatewayState) -> T + Send + 'static,
    {
        self.settle_calls().await?;
        self.inner.gateway.books.read(look).await
    }

    /// What is set, as the gateway reads it.
    pub fn gateway_settings(&self) -> Arc<Settings> {
        self.inner.gateway.books.settings()
    }

    /// The dialects' base URLs for a program: Anthropic's and OpenAI's. `None` when the gateway does not listen.
    pub fn gateway_urls(&self, token: &str) -> Option<(String, String)> {
        let address = &self.inner.gateway.address;
        Some((address.anthropic(Some(token))?, address.openai(Some(token))?))
    }

    /// The token of an agent's live process. `None` when it has none.
    pub async fn agent_token(&self, project: ProjectId, agent: AgentId) -> Result<Option<String>, EngineError> {
        let number = self.read(project, move |state| {
            let process = state.agents.get(&agent)?.process?;
            state.processes.get(&process).map(|process| process.number)
        });
        let grant = number.await?.map(|process| AgentGrant { agent: agent.0, process });
        Ok(grant.map(|grant| self.inner.key.agent_token(grant)))
    }

    /// What the agents of all projects are called, and those that were fired lately.
    pub async fn agent_names(&self) -> Result<HashMap<AgentId, String>, EngineError> {
        let mut names = HashMap::new();
        for (_, keeper) in self.keepers_by_project() {
            let known = keeper.read(|state| {
                let live = state.agents.values().map(|agent| (agent.id, agent.name.clone()));
                let fired = state.fired.iter().map(|(id, name)| (*id, name.clone()));
                live.chain(fired).collect::<Vec<_>>()
            });
            names.extend(known.await?);
        }
        Ok(names)
    }
}
