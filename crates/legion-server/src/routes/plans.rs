//! Plans: dispatched whole, or only checked.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use legion_api::{Dispatched, PlanCheck, PlanRequest, paths};
use legion_model::authority::Verb;
use legion_model::tickets::SessionName;
use legion_model::{Answer, Order, TicketOrder};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::routes;

use crate::change::Change;
use crate::context::{Context, Shared};
use crate::fault::Result;
use crate::governed::Routes;
use crate::guard::Caller;
use crate::plans::{self, Ground, Read};
use crate::query::{self, Params};
use crate::routes::dispatch;

pub(crate) fn routes() -> Routes {
    Routes::new().add(Verb::Dispatch, routes!(plans))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct PlansQuery {
    /// A project: its directory, a path inside of it, or its id. The person needs it when there are several.
    project: Option<String>,
    /// Only say what is wrong with the plan and what it is like.
    #[serde(default)]
    check: bool,
}

/// Dispatches a whole plan, or nothing of it. With `check`, nothing is changed, and the project and the session need not be there yet.
#[utoipa::path(
    post,
    path = paths::PLANS,
    tag = "tickets",
    operation_id = "dispatch_plan",
    params(PlansQuery),
    request_body = PlanRequest,
    responses(
        (status = 200, description = "With `check`: what the plan is like", body = PlanCheck),
        (status = 201, description = "The tickets are in the log", body = Dispatched)
    )
)]
async fn plans(
    caller: Caller,
    State(context): State<Shared>,
    Params(query): Params<PlansQuery>,
    change: Change<PlanRequest>,
) -> Result<Response> {
    let Change { key, body } = change;
    let session = session(&body)?;
    let wanted = query.project.as_deref();
    if query.check {
        let ground = match context.project(caller, wanted).await {
            Ok((project, _)) => plans::ground(&context, caller, project, session).await?,
            // Nothing is there yet; the plan can be looked at all the same.
            Err(_) => Ground::none(),
        };
        let read = plans::plan(body.plan);
        return Ok(Json(look(&context, read, &ground).await?).into_response());
    }
    let done = match context.replayed(caller, key.as_ref()).await? {
        Some((project, answer)) => dispatch::again(&context, project, answer).await?,
        None => {
            let (project, _) = context.project(caller, wanted).await?;
            let ground = plans::ground(&context, caller, project, session.clone()).await?;
            let name = dispatch::session_of(&context, project, session, &ground).await?;
            let Read { spec, mut problems, names_overlap } = plans::plan(body.plan);
            let checked = match plans::checked(&context, &ground, spec).await? {
                Ok(plan) if problems.is_empty() => plan,
                Ok(_) => return Err(plans::refused_plan(&problems)),
                Err(found) => {
                    problems.extend(found.iter().map(plans::problem));
                    return Err(plans::refused_plan(&problems));
                }
            };
            let warnings: Vec<String> = checked.warnings.iter().map(ToString::to_string).collect();
            let settings = plans::settings(&ground, &checked, names_overlap);
            let tickets = plans::new_tickets(&context, caller, &ground, checked).await?;
            let overlaps = plans::overlaps(&context, project, &name, &tickets).await?;
            let position = context.engine.log().last_position().await?;
            let order = Order::Tickets(TicketOrder::Add { session: name.clone(), tickets, settings });
            let answer = context.engine.command(project, caller.party(), key, order).await?;
            let Answer::Added { tickets, warnings: more } = answer else {
                return Err(crate::change::unexpected(&answer));
            };
            dispatch::dispatched(
                name.to_string(),
                &tickets,
                position,
                warnings.into_iter().chain(overlaps).chain(more).collect(),
            )
        }
    };
    Ok((StatusCode::CREATED, Json(done)).into_response())
}

/// The session that the request names, else the one that the plan names.
fn session(request: &PlanRequest) -> Result<Option<SessionName>> {
    if let Some(name) = &request.session {
        return query::session(name).map(Some);
    }
    // One that is no name is a problem of the plan, told with the others.
    let named = request.plan.session.as_ref().and_then(|session| session.name.as_ref());
    Ok(named.and_then(|name| name.parse().ok()))
}

async fn look(context: &Context, read: Read, ground: &Ground) -> Result<PlanCheck> {
    let Read { spec, mut problems, .. } = read;
    let tickets = u32::try_from(spec.tickets.len()).unwrap_or(u32::MAX);
    let (mut levels, mut widest, mut warnings) = (0, 0, Vec::new());
    match plans::checked(context, ground, spec).await? {
        Ok(plan) => {
            let sizes: Vec<usize> = plan.graph.levels().iter().map(|level| level.len()).collect();
            levels = sizes.len();
            widest = sizes.into_iter().max().unwrap_or_default();
            warnings = plan.warnings.iter().map(ToString::to_string).collect();
        }
        Err(found) => problems.extend(found.iter().map(plans::problem)),
    }
    let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    Ok(PlanCheck {
        valid: problems.is_empty(),
        tickets,
        levels: count(levels),
        widest: count(widest),
        problems,
        warnings,
    })
}
