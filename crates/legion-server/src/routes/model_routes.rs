//! The matrix of routes: whose calls go where.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use legion_api::{self as api, RouteFor, RouteList, paths};
use legion_model::DriverKind;
use legion_model::authority::Verb;
use legion_model::gateway::{GatewayOrder, GatewayState, Route, RouteKey, RouteWho, Target};
use legion_model::tickets::{SessionName, TicketId};
use utoipa_axum::routes;

use crate::change::Change;
use crate::context::{Context, Shared};
use crate::fault::{Fault, Result};
use crate::governed::Routes;
use crate::guard::Caller;
use crate::query::{Params, ProjectQuery};
use crate::render::gateway;

pub(crate) fn routes() -> Routes {
    Routes::new()
        .add(Verb::SeeModels, routes!(matrix))
        .add(Verb::SetUpModels, routes!(set))
        .add(Verb::SetUpModels, routes!(remove))
}

/// All routes, the widest first. For the person.
#[utoipa::path(
    get,
    path = paths::ROUTES,
    tag = "models",
    operation_id = "routes",
    params(ProjectQuery),
    responses((status = 200, body = RouteList))
)]
async fn matrix(State(context): State<Shared>, _: Params<ProjectQuery>) -> Result<Json<RouteList>> {
    let look = |state: &GatewayState| state.routes.iter().map(|(key, set)| gateway::route(key, set)).collect();
    Ok(Json(RouteList { routes: context.engine.gateway_read(look).await? }))
}

/// Sets a route. Effective with the next call. For the person.
#[utoipa::path(
    put,
    path = paths::ROUTES,
    tag = "models",
    operation_id = "set_route",
    params(ProjectQuery),
    request_body = api::Route,
    responses((status = 200, body = api::Route))
)]
async fn set(
    caller: Caller,
    State(context): State<Shared>,
    Params(query): Params<ProjectQuery>,
    change: Change<api::Route>,
) -> Result<Json<api::Route>> {
    let Change { key, body: api::Route { who, to, fallbacks } } = change;
    let of = route_key(&context, caller, query.project.as_deref(), who).await?;
    let target = |text: &String| text.parse::<Target>().map_err(Fault::invalid);
    let route = Route { target: target(&to)?, fallbacks: fallbacks.iter().map(target).collect::<Result<_>>()? };
    let answer = gateway::route(&of, &route);
    let set = async {
        context.engine.gateway(caller.party(), GatewayOrder::SetRoute { key: of, route }).await?;
        Ok(answer)
    };
    context.set_up.once(key, set).await.map(Json)
}

/// Removes a route. For the person.
#[utoipa::path(
    post,
    path = paths::ROUTES_REMOVE,
    tag = "models",
    operation_id = "remove_route",
    params(ProjectQuery),
    request_body = RouteFor,
    responses((status = 204, description = "It is gone"))
)]
async fn remove(
    caller: Caller,
    State(context): State<Shared>,
    Params(query): Params<ProjectQuery>,
    change: Change<RouteFor>,
) -> Result<StatusCode> {
    let Change { key, body } = change;
    let removed = async {
        let of = route_key(&context, caller, query.project.as_deref(), body).await?;
        context.engine.gateway(caller.party(), GatewayOrder::RemoveRoute(of)).await?;
        Ok(())
    };
    context.set_up.once(key, removed).await.map(|()| StatusCode::NO_CONTENT)
}

async fn route_key(context: &Context, caller: Caller, project: Option<&str>, who: RouteFor) -> Result<RouteKey> {
    let RouteFor { worker, role, session, ticket, agent, sub_agents, sub_agent, asked } = who;
    let given = [worker.is_some(), role.is_some(), session.is_some(), ticket.is_some(), agent.is_some()];
    if given.into_iter().filter(|given| *given).count() > 1 {
        return Err(Fault::invalid("a route is about one of: a worker, a role, a session, a ticket, an agent"));
    }
    let who = if let Some(worker) = worker {
        let kinds = [DriverKind::Claude, DriverKind::Command];
        let kind = kinds.into_iter().find(|kind| kind.as_str() == worker);
        RouteWho::Worker(kind.ok_or_else(|| Fault::invalid(format!("no driver is called `{worker}`")))?)
    } else if let Some(role) = role {
        RouteWho::Role(role)
    } else if let Some(session) = session {
        let (project, _) = context.project(caller, project).await?;
        RouteWho::Session(project, session.parse::<SessionName>().map_err(Fault::invalid)?)
    } else if let Some(ticket) = ticket {
        let (project, _) = context.project(caller, project).await?;
        RouteWho::Ticket(project, TicketId(ticket))
    } else if let Some(agent) = agent {
        RouteWho::Agent(context.find(caller, &agent).await?.for_order("routed")?.1)
    } else {
        RouteWho::Default
    };
    Ok(RouteKey { who, sub_agents: sub_agents && sub_agent.is_none(), sub_agent, asked })
}
