//! Who calls, and who pays: asked of the project's keeper at the time of the call.

use std::collections::BTreeMap;

use legion_gateway::Caller;
use legion_model::gateway::{NanoUsd, Payer};
use legion_model::{Agent, AgentId, Organisation, Party, ProcessId, ProjectId, RunId, StopReason};

use super::settings;
use crate::engine::Engine;

/// What is known of an agent that wants to spend.
pub(super) struct Spender {
    pub(super) payer: Payer,
    /// What it, or those above it, were hired with, less what their programs spent beside the gateway.
    pub(super) caps: Vec<(AgentId, NanoUsd)>,
    /// What it and those above it are called.
    pub(super) names: BTreeMap<AgentId, String>,
    /// Its process, when the log does not know yet that its calls come this way.
    pub(super) unmetered: Option<ProcessId>,
}

impl Engine {
    /// The agent whose token it is, when it opens anything now.
    pub(super) async fn gateway_caller(&self, token: &str) -> Option<Caller> {
        let grant = self.inner.key.check_agent_token(token)?;
        let id = AgentId(grant.agent);
        let project = self.project_of(id).await?;
        let look = move |state: &Organisation| {
            let agent = state.agents.get(&id)?;
            let process = state.processes.get(&agent.process?)?;
            // One that was stopped for good, or that another one took the place of, spends nothing any more.
            if process.number != grant.process || process.stopping == Some(StopReason::Fired) {
                return None;
            }
            let payer = payer(state, project, id, agent.run.as_ref().map(|run| run.id))?;
            Some(Caller {
                person: false,
                project: Some(project.to_string()),
                agent: Some(id.to_string()),
                agent_name: Some(agent.name.clone()),
                run: payer.run.map(|run| run.to_string()),
                ticket: payer.ticket.map(|ticket| settings::ticket(project, ticket)),
                session: payer.session.map(|session| settings::session(project, &session)),
                role: agent.role.clone(),
                worker: Some(agent.spec.driver.as_str().to_owned()),
                models: agent.spec.limits.models.clone(),
            })
        };
        self.read(project, look).await.ok().flatten()
    }

    /// Who pays for a caller's next call. `None` when the agent is gone.
    pub(super) async fn spender(&self, caller: &Caller) -> Option<Spender> {
        let Some(agent) = &caller.agent else {
            let (payer, caps, names) = (Payer::default(), Vec::new(), BTreeMap::new());
            return Some(Spender { payer, caps, names, unmetered: None });
        };
        let (id, project): (AgentId, ProjectId) = (agent.parse().ok()?, caller.project.as_ref()?.parse().ok()?);
        let run = caller.run.as_ref().and_then(|run| run.parse().ok());
        let look = move |state: &Organisation| {
            let agent = state.agents.get(&id)?;
            let process = agent.process.and_then(|process| state.processes.get(&process));
            Some(Spender {
                payer: payer(state, project, id, run)?,
                caps: caps(state, id),
                names: line(state, id).map(|agent| (agent.id, agent.name.clone())).collect(),
                unmetered: process.filter(|process| !process.metered).map(|process| process.id),
            })
        };
        self.read(project, look).await.ok().flatten()
    }
}

fn payer(state: &Organisation, project: ProjectId, id: AgentId, run: Option<RunId>) -> Option<Payer> {
    state.agents.get(&id)?;
    let above: Vec<AgentId> = state.ancestors(Party::Agent(id)).filter_map(Party::agent).collect();
    // Whoever stands below a ticket's agent works for that ticket.
    let ticket =
        std::iter::once(&id).chain(&above).find_map(|agent| state.board.posts.get(agent)).map(|post| post.ticket);
    let session = ticket.and_then(|ticket| state.board.tickets.get(&ticket)).map(|ticket| ticket.session.clone());
    Some(Payer { project: Some(project), agent: Some(id), run, above, ticket, session })
}

fn caps(state: &Organisation, id: AgentId) -> Vec<(AgentId, NanoUsd)> {
    line(state, id)
        .filter_map(|agent| {
            let budget = agent.spec.limits.budget?;
            Some((agent.id, budget.less(state.spent_beside_gateway(agent)).into()))
        })
        .collect()
}

/// The agent, and those above it.
fn line(state: &Organisation, id: AgentId) -> impl Iterator<Item = &Agent> {
    let line = std::iter::once(Party::Agent(id)).chain(state.ancestors(Party::Agent(id)));
    line.filter_map(|member| state.agents.get(&member.agent()?))
}
