//! Roles.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use legion_api::{self as api, RoleList, RoleRequest, paths};
use legion_model::authority::Verb;
use legion_model::tickets::{Duty, Role};
use legion_model::{Answer, DriverKind, Order, Organisation, TicketOrder};
use utoipa_axum::routes;

use crate::change::{Change, Nothing, unexpected};
use crate::context::{Context, Shared};
use crate::fault::{Fault, Result};
use crate::governed::Routes;
use crate::guard::Caller;
use crate::plans;
use crate::query::{Id, Params, ProjectQuery};
use crate::render::team;

pub(crate) fn routes() -> Routes {
    Routes::new()
        .add(Verb::SeeTeams, routes!(roles))
        .add(Verb::SetRole, routes!(set))
        .add(Verb::DeleteRole, routes!(delete))
}

/// Built-in roles and the user's own, by id.
#[utoipa::path(
    get,
    path = paths::ROLES,
    tag = "teams",
    operation_id = "roles",
    params(ProjectQuery),
    responses((status = 200, body = RoleList))
)]
async fn roles(
    caller: Caller,
    State(context): State<Shared>,
    Params(query): Params<ProjectQuery>,
) -> Result<Json<RoleList>> {
    let (project, _) = context.project(caller, query.project.as_deref()).await?;
    let look = |state: &Organisation| state.board.all_roles().iter().map(team::role).collect();
    Ok(Json(RoleList { roles: context.engine.read(project, look).await? }))
}

/// Makes or replaces a role. The id of a built-in one gives that role other words, driver or model. For the person.
#[utoipa::path(
    put,
    path = paths::ROLE,
    tag = "teams",
    operation_id = "set_role",
    params(("id" = String, Path, description = "Small letters, digits and `_`"), ProjectQuery),
    request_body = RoleRequest,
    responses((status = 200, body = api::Role))
)]
async fn set(
    caller: Caller,
    State(context): State<Shared>,
    Id(id): Id,
    Params(query): Params<ProjectQuery>,
    change: Change<RoleRequest>,
) -> Result<Json<api::Role>> {
    let Change { key, body } = change;
    let role = Role {
        name: body.name.unwrap_or_else(|| id.clone()),
        id,
        description: body.description,
        duty: match body.duty {
            api::Duty::Write => Duty::Write,
            api::Duty::Review => Duty::Review,
            api::Duty::Verify => Duty::Verify,
        },
        prompt: body.prompt,
        driver: body.driver.map(|driver| match driver {
            api::Driver::Claude => DriverKind::Claude,
            api::Driver::Command => DriverKind::Command,
        }),
        command: body.command.map(plans::words).transpose().map_err(Fault::invalid)?,
        model: body.model,
        builtin: false,
    };
    let answer = team::role(&role);
    done(&context, caller, query.project.as_deref(), key, TicketOrder::SetRole { role }).await?;
    Ok(Json(answer))
}

/// Deletes a role of the user's own; a built-in one gets its own words back. For the person.
#[utoipa::path(
    delete,
    path = paths::ROLE,
    tag = "teams",
    operation_id = "delete_role",
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
    let order = TicketOrder::DeleteRole { role: id };
    done(&context, caller, query.project.as_deref(), change.key, order).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives an order that is answered with nothing but that it is done.
pub(super) async fn done(
    context: &Context,
    caller: Caller,
    project: Option<&str>,
    key: Option<legion_model::Key>,
    order: TicketOrder,
) -> Result<legion_model::ProjectId> {
    match context.ordered(caller, project, key, Order::Tickets(order)).await? {
        (project, Answer::Done) => Ok(project),
        (_, other) => Err(unexpected(&other)),
    }
}
