//! Hire.

use std::collections::BTreeMap;
use std::path::PathBuf;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use legion_api::{self as api, HireRequest, Hired, paths};
use legion_engine::HireAsk;
use legion_model::authority::Verb;
use legion_model::{
    Agent, AgentId, Answer, DriverKind, Event, Limits, MicroUsd, OnRestart, Organisation, Party, Permissions, ProjectId,
};
use utoipa_axum::routes;

use crate::address::Found;
use crate::change::{Change, unexpected};
use crate::context::{Context, Shared};
use crate::fault::{Fault, Result};
use crate::governed::Routes;
use crate::guard::Caller;
use crate::render::agent;

pub(crate) fn routes() -> Routes {
    Routes::new().add(Verb::Hire, routes!(hire))
}

/// Hires an agent below the caller, or below `parent`.
#[utoipa::path(
    post,
    path = paths::AGENTS,
    tag = "agents",
    operation_id = "hire",
    request_body = HireRequest,
    responses((status = 201, description = "The agent is in the log, its process is being started", body = Hired))
)]
async fn hire(
    caller: Caller,
    State(context): State<Shared>,
    change: Change<HireRequest>,
) -> Result<(StatusCode, Json<Hired>)> {
    let Change { key, body } = change;
    let hired = match context.replayed(caller, key.as_ref()).await? {
        Some((project, Answer::Hired { agent, warnings })) => again(&context, project, agent, warnings).await?,
        Some((_, other)) => return Err(unexpected(&other)),
        None => {
            let ask = ask(&context, caller, body).await?;
            let look = |state: &Organisation, new: &Agent| agent::hired(state, new, Vec::new());
            let hire = context.engine.hire_and_look(caller.project(), caller.party(), key, ask, look).await?;
            match hire {
                (_, _, warnings, Some(hired)) => Hired { warnings, ..hired },
                (project, agent, warnings, None) => again(&context, project, agent, warnings).await?,
            }
        }
    };
    Ok((StatusCode::CREATED, Json(hired)))
}

async fn ask(context: &Context, caller: Caller, request: HireRequest) -> Result<HireAsk> {
    let parent = match request.parent.as_deref() {
        None => None,
        Some(text) => Some(match context.find(caller, text).await? {
            Found::Root => Party::Root,
            Found::Agent { agent, .. } | Found::Fired { agent, .. } => Party::Agent(agent),
        }),
    };
    let budget = match request.budget_usd {
        None => None,
        Some(dollars) => Some(MicroUsd::from_dollars(dollars).ok_or_else(|| {
            Fault::invalid(format!(
                "a budget of {dollars} is not an amount from 0 to {} dollars",
                MicroUsd::MAX.dollars()
            ))
        })?),
    };
    Ok(HireAsk {
        task: request.task,
        name: request.name,
        role: request.role,
        driver: request.driver.map(|driver| match driver {
            api::Driver::Claude => DriverKind::Claude,
            api::Driver::Command => DriverKind::Command,
        }),
        command: request.command,
        model: request.model,
        cwd: request.cwd.map(PathBuf::from),
        tools: request.tools,
        permission_mode: request.permission_mode,
        tier: request.tier,
        permissions: request.permissions.map(|asked| Permissions {
            read: asked.read,
            write: asked.write,
            execute: asked.execute,
        }),
        limits: Limits {
            turns: request.max_turns,
            seconds: request.timeout_seconds,
            budget,
            headcount: request.headcount,
            depth: request.depth,
            models: request.models.map(|models| models.into_iter().collect()),
        },
        parent,
        files: request.files.unwrap_or_default(),
        on_restart: match request.on_restart.unwrap_or_default() {
            api::OnRestart::Idle => OnRestart::Idle,
            api::OnRestart::Resume => OnRestart::Resume,
        },
    })
}

/// The answer to a hire that is repeated.
async fn again(context: &Context, project: ProjectId, id: AgentId, warnings: Vec<String>) -> Result<Hired> {
    let said = warnings.clone();
    let look = move |state: &Organisation| state.agents.get(&id).map(|agent| agent::hired(state, agent, said));
    match context.engine.read(project, look).await? {
        Some(hired) => Ok(hired),
        None => recalled(context, project, id, warnings).await,
    }
}

/// The answer to a hire that is repeated after the agent was fired: as it was.
async fn recalled(context: &Context, project: ProjectId, id: AgentId, warnings: Vec<String>) -> Result<Hired> {
    let path = context.engine.read(project, |state| state.project.as_ref().map(|(_, path)| path.clone())).await?;
    let mut parents: BTreeMap<AgentId, Party> = BTreeMap::new();
    let hire = context.recall(project, move |event, _| {
        let (agent, parent) = match event {
            Event::AgentHired { agent, parent, .. } | Event::AgentReparented { agent, parent, .. } => (*agent, *parent),
            _ => return None,
        };
        parents.insert(agent, parent);
        let Event::AgentHired { name, spec, .. } = event else { return None };
        let above = std::iter::successors(Some(parent), |party| parents.get(&party.agent()?).copied());
        (agent == id).then(|| Hired {
            id: id.to_string(),
            name: name.clone(),
            parent: parent.to_string(),
            level: above.count() as u32,
            driver: agent::driver(spec.driver),
            model: spec.model.clone(),
            cwd: spec.cwd.clone(),
            project: path.clone().unwrap_or_default(),
            tier: spec.tier.as_str().to_owned(),
            warnings: warnings.clone(),
        })
    });
    hire.await?.ok_or_else(|| Fault::internal(format!("the hire of {id} is not in the log")))
}
