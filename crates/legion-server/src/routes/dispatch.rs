//! Dispatch: one ticket.

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use legion_api::{DispatchRequest, Dispatched, PlanUpstream, paths};
use legion_model::authority::Verb;
use legion_model::tickets::{NoPolicy, OnUpstream, SessionName, TicketId};
use legion_model::{Answer, Event, Order, ProjectId, TicketOrder};
use utoipa_axum::routes;

use crate::change::{Change, unexpected};
use crate::context::{Context, Shared};
use crate::fault::{Fault, Result};
use crate::governed::Routes;
use crate::guard::Caller;
use crate::plans::{self, Ground, Read};
use crate::query::{self, Params, ProjectQuery};

/// The name under which a ticket that is alone is checked.
const ALONE: &str = "new";

pub(crate) fn routes() -> Routes {
    Routes::new().add(Verb::Dispatch, routes!(dispatch))
}

/// Dispatches one ticket.
#[utoipa::path(
    post,
    path = paths::TICKETS,
    tag = "tickets",
    operation_id = "dispatch",
    params(ProjectQuery),
    request_body = DispatchRequest,
    responses((status = 201, description = "The ticket is in the log", body = Dispatched))
)]
async fn dispatch(
    caller: Caller,
    State(context): State<Shared>,
    Params(query): Params<ProjectQuery>,
    change: Change<DispatchRequest>,
) -> Result<(StatusCode, Json<Dispatched>)> {
    let Change { key, mut body } = change;
    let done = match context.replayed(caller, key.as_ref()).await? {
        Some((project, answer)) => again(&context, project, answer).await?,
        None => {
            let session = body.session.take().map(|name| query::session(&name)).transpose()?;
            let after = std::mem::take(&mut body.after);
            let after = upstreams(&after)?;
            let (project, _) = context.project(caller, query.project.as_deref()).await?;
            let ground = plans::ground(&context, caller, project, session.clone()).await?;
            let name = session_of(&context, project, session, &ground).await?;
            let Read { spec, mut problems, .. } = plans::one(body, ALONE);
            let checked = match plans::checked(&context, &ground, spec).await? {
                Ok(plan) if problems.is_empty() => plan,
                Ok(_) => return Err(plans::refused_ticket(&problems, ALONE)),
                Err(found) => {
                    problems.extend(found.iter().map(plans::problem));
                    return Err(plans::refused_ticket(&problems, ALONE));
                }
            };
            let mut tickets = plans::new_tickets(&context, caller, &ground, checked).await?;
            for ticket in &mut tickets {
                ticket.local = None;
                let own = ticket.spec.on_upstream;
                ticket.after = after.iter().map(|(id, policy)| (*id, policy.unwrap_or(own))).collect();
            }
            let overlaps = plans::overlaps(&context, project, &name, &tickets).await?;
            let position = context.engine.log().last_position().await?;
            let order = Order::Tickets(TicketOrder::Add { session: name.clone(), tickets, settings: None });
            match context.engine.command(project, caller.party(), key, order).await? {
                Answer::Added { tickets, warnings } => {
                    let warnings = overlaps.into_iter().chain(warnings).collect();
                    dispatched(name.to_string(), &tickets, position, warnings)
                }
                other => return Err(unexpected(&other)),
            }
        }
    };
    Ok((StatusCode::CREATED, Json(done)))
}

/// The tickets that it is to come after, with what was said of each.
fn upstreams(after: &[PlanUpstream]) -> Result<BTreeMap<TicketId, Option<OnUpstream>>> {
    let mut upstreams = BTreeMap::new();
    for upstream in after {
        let id = query::ticket(upstream.id.as_str())?;
        let policy: Option<OnUpstream> = upstream
            .on_upstream
            .as_deref()
            .map(str::parse)
            .transpose()
            .map_err(|what: NoPolicy| Fault::invalid(format!("`on_upstream` of {id} in `after`: {what}")))?;
        if upstreams.insert(id, policy).is_some_and(|before| before != policy) {
            return Err(Fault::invalid(format!("`after` names {id} twice, and not with the same `on_upstream`")));
        }
    }
    Ok(upstreams)
}

/// The session that was found; otherwise why there is none.
pub(super) async fn session_of(
    context: &Context,
    project: ProjectId,
    wanted: Option<SessionName>,
    ground: &Ground,
) -> Result<SessionName> {
    match (&ground.session, wanted) {
        (Some((name, _)), _) => Ok(name.clone()),
        (None, Some(name)) => Err(super::sessions::no_session(context, project, &name).await?),
        (None, None) => Err(Fault::not_found("the project has no session that is in use")
            .hint("`legion init`, or `legion sessions new NAME`, makes one; `legion sessions use NAME` takes one up")),
    }
}

pub(super) fn dispatched(session: String, tickets: &[TicketId], position: u64, warnings: Vec<String>) -> Dispatched {
    Dispatched { session, tickets: tickets.iter().map(|ticket| ticket.0).collect(), position, warnings }
}

/// The answer to a dispatch that is repeated, also after its tickets were deleted.
pub(super) async fn again(context: &Context, project: ProjectId, answer: Answer) -> Result<Dispatched> {
    let Answer::Added { tickets, warnings } = answer else { return Err(unexpected(&answer)) };
    let wanted: BTreeSet<TicketId> = tickets.iter().copied().collect();
    let added = context.recall(project, move |event, record| match event {
        Event::TicketAdded { ticket, session, .. } if wanted.contains(ticket) => {
            Some((session.to_string(), record.batch.saturating_sub(1)))
        }
        _ => None,
    });
    let (session, position) =
        added.await?.ok_or_else(|| Fault::internal("the tickets of a repeated dispatch are not in the log"))?;
    Ok(dispatched(session, &tickets, position, warnings))
}
