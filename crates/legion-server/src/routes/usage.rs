//! What agents take of the machine.

use std::cmp::Reverse;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use legion_api::{AgentResources, ResourceUsage, paths};
use legion_engine::{MachineUsage, TreeOfAgent};
use legion_model::authority::{Verb, authorise};
use legion_model::{Agent, AgentId, Organisation, Party};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::routes;

use crate::context::Shared;
use crate::fault::Result;
use crate::governed::Routes;
use crate::guard::Caller;
use crate::query::Params;
use crate::render::resources;

pub(crate) fn routes() -> Routes {
    Routes::new().add(Verb::SeeUsage, routes!(usage))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct UsageQuery {
    /// A project: its directory, a path inside of it, or its id.
    project: Option<String>,
}

/// What each agent that runs takes of the machine with its whole tree of processes, and whose start waits for room.
///
/// An agent sees itself and its subtree. Looked at twice a second; asking costs nothing.
#[utoipa::path(
    get,
    path = paths::USAGE,
    tag = "organisation",
    operation_id = "usage",
    params(UsageQuery),
    responses((status = 200, body = ResourceUsage))
)]
async fn usage(
    caller: Caller,
    State(context): State<Shared>,
    Params(query): Params<UsageQuery>,
) -> Result<Json<ResourceUsage>> {
    let projects = context.projects(caller, query.project.as_deref()).await?;
    let found = Arc::new(context.engine.machine_usage());
    let machine = resources::machine(&found);
    let party = caller.party();
    let look = move |state: &Organisation| agents(state, party, &found);
    let mut agents: Vec<AgentResources> = context.each(&projects, look).await?.into_iter().flatten().collect();
    agents.sort_by_cached_key(|agent| {
        let bytes = agent.taken.map_or(0, |taken| taken.memory_bytes);
        (Reverse(bytes), agent.name.clone(), agent.id.clone())
    });
    Ok(Json(ResourceUsage { machine, agents }))
}

/// Those of a project of which the caller may see it.
fn agents(state: &Organisation, caller: Party, found: &MachineUsage) -> Vec<AgentResources> {
    let seen = |id: AgentId| -> Option<&Agent> {
        authorise(state, caller, Verb::SeeUsage, id).ok().and_then(|()| state.agents.get(&id))
    };
    let output_bytes_max = found.output_bytes_max;
    let tree = |tree: &TreeOfAgent| Some(resources::tree(state, seen(tree.agent)?, tree, output_bytes_max));
    let running = found.trees.iter().filter_map(tree);
    let waiting = found.waiting.iter().filter_map(|start| Some(resources::waiting(state, seen(start.agent)?, *start)));
    running.chain(waiting).collect()
}
