//! What faces ask of the gateway's books.

use std::collections::HashMap;
use std::sync::Arc;

use legion_gateway::Settings;
use legion_model::gateway::{Figures, GatewayAnswer, GatewayOrder, GatewayState, Scope};
use legion_model::{AgentId, Party, ProjectId};
use legion_runtime::AgentGrant;

use crate::engine::Engine;
use crate::error::EngineError;

/// One line of what was spent.
#[derive(Debug, Clone)]
pub struct Spending {
    /// What it was spent for, in a word: a name, a number, a model, a day.
    pub name: String,
    /// Its id, where it has one.
    pub id: Option<String>,
    pub figures: Figures,
    /// Nano-dollars that a service left open when it died: they count as spent until they are reconciled.
    pub unsettled: u64,
}

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

    /// What agents have spent, of every project, by name where it is known. The most expensive first.
    pub async fn spending_by_agent(&self) -> Result<Vec<Spending>, EngineError> {
        let mut lines = self.spending_of(|scope| matches!(scope, Scope::Agent(_))).await?;
        let names = self.agent_names().await?;
        for (scope, line) in &mut lines {
            let Scope::Agent(agent) = scope else { continue };
            let id = agent.to_string();
            line.name = names.get(agent).cloned().unwrap_or_else(|| id.clone());
            line.id = Some(id);
        }
        Ok(lines.into_iter().map(|(_, line)| line).collect())
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

    /// What was spent for tickets. The id is `PROJECT/NUMBER`.
    pub async fn spending_by_ticket(&self) -> Result<Vec<Spending>, EngineError> {
        let lines = self.spending_of(|scope| matches!(scope, Scope::Ticket(..))).await?;
        let named = lines.into_iter().map(|(scope, mut line)| {
            if let Scope::Ticket(project, ticket) = scope {
                line.name = ticket.to_string();
                line.id = Some(super::settings::ticket(project, ticket));
            }
            line
        });
        Ok(named.collect())
    }

    /// What was spent on each day (UTC), the last first.
    pub async fn spending_by_day(&self) -> Result<Vec<Spending>, EngineError> {
        let mut lines = self.spending_of(|scope| matches!(scope, Scope::Day(_))).await?;
        lines.sort_by(|(a, _), (b, _)| b.cmp(a));
        let named = lines.into_iter().map(|(scope, mut line)| {
            if let Scope::Day(day) = scope {
                line.name = day.to_string();
            }
            line
        });
        Ok(named.collect())
    }

    /// What was spent on models, the most expensive first.
    pub async fn spending_by_model(&self) -> Result<Vec<Spending>, EngineError> {
        let look = |state: &GatewayState| {
            let lines = state.models.iter();
            lines
                .map(|(name, figures)| Spending {
                    name: name.clone(),
                    id: None,
                    figures: figures.clone(),
                    unsettled: 0,
                })
                .collect::<Vec<_>>()
        };
        let mut lines = self.gateway_read(look).await?;
        lines.sort_by_key(|line| std::cmp::Reverse(line.figures.charged));
        Ok(lines)
    }

    async fn spending_of(&self, wanted: fn(&Scope) -> bool) -> Result<Vec<(Scope, Spending)>, EngineError> {
        let look = move |state: &GatewayState| {
            let left_open = state.orphaned_scopes();
            let scopes: std::collections::BTreeSet<&Scope> =
                state.figures.keys().chain(&left_open).filter(|scope| wanted(scope)).collect();
            let line = |scope: &Scope| Spending {
                name: scope.to_string(),
                id: None,
                figures: state.figures.get(scope).cloned().unwrap_or_default(),
                unsettled: if left_open.contains(scope) { state.unsettled(scope).0 } else { 0 },
            };
            scopes.into_iter().map(|scope| (scope.clone(), line(scope))).collect::<Vec<_>>()
        };
        let mut lines = self.gateway_read(look).await?;
        lines.sort_by_key(|(_, line)| std::cmp::Reverse(line.figures.charged));
        Ok(lines)
    }
}
