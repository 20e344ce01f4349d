//! Projects.

use axum::Json;
use axum::extract::State;
use legion_api::{Project, ProjectList, paths};
use legion_model::authority::Verb;
use utoipa_axum::routes;

use crate::context::Shared;
use crate::fault::Result;
use crate::governed::Routes;
use crate::guard::Caller;
use crate::render::agent::working;

pub(crate) fn routes() -> Routes {
    Routes::new().add(Verb::ListProjects, routes!(projects))
}

/// The projects that the service knows, by directory. For the person.
#[utoipa::path(get, path = paths::PROJECTS, tag = "service", operation_id = "projects", responses((status = 200, body = ProjectList)))]
async fn projects(caller: Caller, State(context): State<Shared>) -> Result<Json<ProjectList>> {
    context.engine.first_look().await;
    let known = context.projects(caller, None).await?;
    let counts = context.each(&known, |state| (state.agents.len(), working(state))).await?;
    let projects = known
        .into_iter()
        .zip(counts)
        .map(|((id, path), (agents, working))| Project {
            id: id.to_string(),
            path,
            agents: u32::try_from(agents).unwrap_or(u32::MAX),
            working,
        })
        .collect();
    Ok(Json(ProjectList { projects }))
}
