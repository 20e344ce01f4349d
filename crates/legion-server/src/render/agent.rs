//! Agents, and the person above them.

use legion_api as api;
use legion_model::{Agent, DriverKind, OnRestart, Organisation, Party, Permissions, Usage};

use super::{limits, run};

/// One agent as it is now.
pub(crate) fn agent(state: &Organisation, agent: &Agent) -> api::Agent {
    let spec = &agent.spec;
    let mut usage = agent.usage;
    usage += agent.run.as_ref().map(|run| run.usage).unwrap_or_default();
    let run = run::open(state, agent);
    api::Agent {
        id: agent.id.to_string(),
        name: agent.name.clone(),
        role: agent.role.clone(),
        parent: Some(agent.parent.to_string()),
        level: state.level(Party::Agent(agent.id)),
        driver: Some(driver(spec.driver)),
        command: spec.command.as_deref().map(command_line),
        model: spec.model.clone(),
        cwd: Some(spec.cwd.clone()),
        project: state.project.as_ref().map(|(_, path)| path.clone()),
        tools: spec.tools.as_ref().map(|tools| tools.iter().cloned().collect()),
        permission_mode: Some(spec.permission_mode.as_str().to_owned()),
        tier: Some(spec.tier.as_str().to_owned()),
        permissions: spec.permissions.clone().map(permissions),
        limits: limits::limits(state, agent),
        on_restart: on_restart(spec.on_restart),
        status: status(run.as_ref()),
        run,
        queued: queued(agent),
        usage: run::usage(usage),
        cost_usd: cost(agent),
        beside_gateway_usd: beside_gateway(agent),
        can_steer: spec.driver.capabilities().steers,
        hired_at: Some(agent.hired_at),
        suspect: suspect(agent),
    }
}

/// The person.
pub(crate) fn root() -> api::Agent {
    api::Agent {
        id: Party::Root.to_string(),
        name: Party::Root.to_string(),
        role: None,
        parent: None,
        level: 0,
        driver: None,
        command: None,
        model: None,
        cwd: None,
        project: None,
        tools: None,
        permission_mode: None,
        tier: None,
        permissions: None,
        limits: api::Limits::default(),
        on_restart: api::OnRestart::default(),
        status: api::AgentStatus::Idle,
        run: None,
        queued: 0,
        usage: run::usage(Usage::default()),
        cost_usd: None,
        beside_gateway_usd: None,
        can_steer: false,
        hired_at: None,
        suspect: None,
    }
}

/// A direct report, in fewer words.
pub(crate) fn report(state: &Organisation, agent: &Agent) -> api::Report {
    let run = run::open(state, agent);
    api::Report {
        id: agent.id.to_string(),
        name: agent.name.clone(),
        role: agent.role.clone(),
        level: state.level(Party::Agent(agent.id)),
        driver: driver(agent.spec.driver),
        tier: Some(agent.spec.tier.as_str().to_owned()),
        status: status(run.as_ref()),
        run,
        queued: queued(agent),
        cost_usd: cost(agent),
        beside_gateway_usd: beside_gateway(agent),
        suspect: suspect(agent),
    }
}

/// What a hire is answered with.
pub(crate) fn hired(state: &Organisation, agent: &Agent, warnings: Vec<String>) -> api::Hired {
    api::Hired {
        id: agent.id.to_string(),
        name: agent.name.clone(),
        parent: agent.parent.to_string(),
        level: state.level(Party::Agent(agent.id)),
        driver: driver(agent.spec.driver),
        model: agent.spec.model.clone(),
        cwd: agent.spec.cwd.clone(),
        project: state.project.as_ref().map(|(_, path)| path.clone()).unwrap_or_default(),
        tier: agent.spec.tier.as_str().to_owned(),
        warnings,
    }
}

fn permissions(of: Permissions) -> api::Permissions {
    api::Permissions { read: of.read, write: of.write, execute: of.execute }
}

/// Working is: a run is open and its process is there.
pub(crate) fn status(run: Option<&api::Run>) -> api::AgentStatus {
    if run.is_some() { api::AgentStatus::Working } else { api::AgentStatus::Idle }
}

/// As [`status`], without rendering the run.
pub(crate) fn status_of(state: &Organisation, agent: &Agent) -> api::AgentStatus {
    status(run::open(state, agent).as_ref())
}

pub(crate) fn queued(agent: &Agent) -> u32 {
    u32::try_from(agent.queue.len()).unwrap_or(u32::MAX)
}

/// Null until one of its runs reported money.
pub(crate) fn cost(agent: &Agent) -> Option<f64> {
    (agent.cost_reported.is_some() || agent.spent.0 > 0).then(|| agent.spent.dollars())
}

/// Null when the gateway saw all of it.
pub(crate) fn beside_gateway(agent: &Agent) -> Option<f64> {
    let beside = agent.spent_beside_gateway();
    (beside.0 > 0).then(|| beside.dollars())
}

pub(crate) fn suspect(agent: &Agent) -> Option<String> {
    agent.run.as_ref().and_then(|run| run.suspect.as_ref()).map(|(_, why)| why.clone())
}

pub(crate) fn driver(driver: DriverKind) -> api::Driver {
    match driver {
        DriverKind::Claude => api::Driver::Claude,
        DriverKind::Command => api::Driver::Command,
    }
}

fn on_restart(word: OnRestart) -> api::OnRestart {
    match word {
        OnRestart::Idle => api::OnRestart::Idle,
        OnRestart::Resume => api::OnRestart::Resume,
    }
}

/// The words as one would type them.
pub(crate) fn command_line(words: &[String]) -> String {
    shlex::try_join(words.iter().map(String::as_str)).unwrap_or_else(|_| words.join(" "))
}

/// How many agents work.
pub(crate) fn working(state: &Organisation) -> u32 {
    let works = |agent: &&Agent| status_of(state, agent) == api::AgentStatus::Working;
    u32::try_from(state.agents.values().filter(works).count()).unwrap_or(u32::MAX)
}
