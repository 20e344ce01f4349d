//! Why: who moves a ticket on, and until when.

use std::ops::Bound;

use axum::Json;
use axum::extract::State;
use legion_api::{Why, WhyPage, paths};
use legion_model::Organisation;
use legion_model::authority::Verb;
use legion_model::tickets::{Ticket, TicketId};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::routes;

use crate::context::Shared;
use crate::fault::Result;
use crate::governed::Routes;
use crate::guard::Caller;
use crate::query::{self, Id, Params, ProjectQuery};
use crate::render::why;
use crate::rights;

/// Tickets in a page.
const PAGE: usize = 200;

pub(crate) fn routes() -> Routes {
    Routes::new().add(Verb::SeeTicket, routes!(all)).add(Verb::SeeTicket, routes!(one))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct WhyQuery {
    /// A project: its directory, a path inside of it, or its id. The person needs it when there are several.
    project: Option<String>,
    /// Of this session; of all sessions when absent.
    session: Option<String>,
    /// Where the last page ended: its `next`.
    after: Option<u32>,
}

/// Who moves on each ticket that is not merged, by number; those that were closed without being merged are among them.
#[utoipa::path(
    get,
    path = paths::TICKETS_WHY,
    tag = "tickets",
    operation_id = "whys",
    params(WhyQuery),
    responses((status = 200, body = WhyPage))
)]
async fn all(caller: Caller, State(context): State<Shared>, Params(query): Params<WhyQuery>) -> Result<Json<WhyPage>> {
    let session = query.session.as_deref().map(query::session).transpose()?;
    let (project, _) = context.project(caller, query.project.as_deref()).await?;
    if let Some(name) = &session {
        super::sessions::check_session(&context, project, name).await?;
    }
    let (party, after) = (caller.party(), TicketId(query.after.unwrap_or_default()));
    let look = move |state: &Organisation| {
        let wanted = |ticket: &&Ticket| {
            !ticket.is_done()
                && session.as_ref().is_none_or(|session| ticket.session == *session)
                && rights::sees(state, party, ticket)
        };
        let behind = state.board.tickets.range((Bound::Excluded(after), Bound::Unbounded));
        let mut found = behind.map(|(_, ticket)| ticket).filter(wanted);
        let tickets: Vec<Why> = found.by_ref().take(PAGE).map(|ticket| why::why(state, ticket)).collect();
        let next = found.next().and(tickets.last()).map(|last| last.ticket);
        WhyPage { tickets, next }
    };
    Ok(Json(context.engine.read(project, look).await?))
}

/// Who moves a ticket on, and until when.
#[utoipa::path(
    get,
    path = paths::TICKET_WHY,
    tag = "tickets",
    operation_id = "why",
    params(("id" = String, Path, description = "Its number; `self` is the caller's own"), ProjectQuery),
    responses((status = 200, body = Why))
)]
async fn one(
    caller: Caller,
    State(context): State<Shared>,
    Id(id): Id,
    Params(query): Params<ProjectQuery>,
) -> Result<Json<Why>> {
    context.look_at(caller, query.project.as_deref(), &id, why::why).await.map(Json)
}
