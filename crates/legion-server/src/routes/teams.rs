//! Teams.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use legion_api::{self as api, TeamList, TeamRequest, paths};
use legion_model::authority::Verb;
use legion_model::tickets::Team;
use legion_model::{Organisation, TicketOrder};
use utoipa_axum::routes;

use crate::change::{Change, Nothing};
use crate::context::Shared;
use crate::fault::Result;
use crate::governed::Routes;
use crate::guard::Caller;
use crate::query::{Id, Params, ProjectQuery};
use crate::render::team;
use crate::routes::roles::done;

pub(crate) fn routes() -> Routes {
    Routes::new()
        .add(Verb::SeeTeams, routes!(teams))
        .add(Verb::SetTeam, routes!(set))
        .add(Verb::DeleteTeam, routes!(delete))
}

/// Built-in teams and the user's own, by id.
#[utoipa::path(
    get,
    path = paths::TEAMS,
    tag = "teams",
    operation_id = "teams",
    params(ProjectQuery),
    responses((status = 200, body = TeamList))
)]
async fn teams(
    caller: Caller,
    State(context): State<Shared>,
    Params(query): Params<ProjectQuery>,
) -> Result<Json<TeamList>> {
    let (project, _) = context.project(caller, query.project.as_deref()).await?;
    let look = |state: &Organisation| state.board.all_teams().iter().map(team::team).collect();
    Ok(Json(TeamList { teams: context.engine.read(project, look).await? }))
}

/// Makes or replaces a team of the user's own. For the person.
#[utoipa::path(
    put,
    path = paths::TEAM,
    tag = "teams",
    operation_id = "set_team",
    params(("id" = String, Path, description = "Small letters, digits and `_`"), ProjectQuery),
    request_body = TeamRequest,
    responses((status = 200, body = api::Team))
)]
async fn set(
    caller: Caller,
    State(context): State<Shared>,
    Id(id): Id,
    Params(query): Params<ProjectQuery>,
    change: Change<TeamRequest>,
) -> Result<Json<api::Team>> {
    let Change { key, body } = change;
    let team = Team {
        name: body.name.unwrap_or_else(|| id.clone()),
        id,
        description: body.description,
        roles: body.roles,
        prompt: body.prompt,
        builtin: false,
    };
    let answer = team::team(&team);
    done(&context, caller, query.project.as_deref(), key, TicketOrder::SetTeam { team }).await?;
    Ok(Json(answer))
}

/// Deletes a team of the user's own. For the person.
#[utoipa::path(
    delete,
    path = paths::TEAM,
    tag = "teams",
    operation_id = "delete_team",
    params(("id" = String, Path, description = "Its id"), ProjectQuery),
    responses((status = 204, description = "It is gone"))
)]
async fn delete(
    caller: Caller,
    State(context): State<Shared>,
    Id(id): Id,
    Params(query): Params<ProjectQuery>,
    change: Change<Nothing>,
) -> Result<StatusCode> {
    let order = TicketOrder::DeleteTeam { team: id };
    done(&context, caller, query.project.as_deref(), change.key, order).await?;
    Ok(StatusCode::NO_CONTENT)
}
