//! Files that were secured.

use axum::Json;
use axum::extract::State;
use legion_api::{RescueList, paths};
use legion_model::Organisation;
use legion_model::authority::{Verb, authorise};
use legion_model::tickets::TicketId;
use utoipa_axum::routes;

use crate::context::{Context, Shared};
use crate::fault::Result;
use crate::governed::Routes;
use crate::guard::Caller;
use crate::query::{self, Id, Params, ProjectQuery};
use crate::render::rescue;
use crate::rights;
use crate::routes::undelete::known;

pub(crate) fn routes() -> Routes {
    Routes::new().add(Verb::SeeTicket, routes!(all)).add(Verb::SeeTicket, routes!(one))
}

/// Files of all tickets that were secured, by ticket. The person sees those of deleted tickets, too.
#[utoipa::path(
    get,
    path = paths::RESCUES,
    tag = "tickets",
    operation_id = "all_rescues",
    params(ProjectQuery),
    responses((status = 200, body = RescueList))
)]
async fn all(
    caller: Caller,
    State(context): State<Shared>,
    Params(query): Params<ProjectQuery>,
) -> Result<Json<RescueList>> {
    list(&context, caller, query.project.as_deref(), None).await
}

/// Files of one ticket that were secured. The person sees those of a deleted ticket, too.
#[utoipa::path(
    get,
    path = paths::TICKET_RESCUES,
    tag = "tickets",
    operation_id = "rescues",
    params(("id" = u32, Path, description = "Its number"), ProjectQuery),
    responses((status = 200, body = RescueList))
)]
async fn one(
    caller: Caller,
    State(context): State<Shared>,
    Id(id): Id,
    Params(query): Params<ProjectQuery>,
) -> Result<Json<RescueList>> {
    list(&context, caller, query.project.as_deref(), Some(query::ticket(&id)?)).await
}

async fn list(
    context: &Context,
    caller: Caller,
    project: Option<&str>,
    ticket: Option<TicketId>,
) -> Result<Json<RescueList>> {
    let (project, _) = context.project(caller, project).await?;
    let party = caller.party();
    let look = move |state: &Organisation| {
        let board = &state.board;
        let sees = |id: &TicketId| match board.tickets.get(id) {
            Some(ticket) => rights::sees(state, party, ticket),
            None => authorise(state, party, Verb::Undelete, *id).is_ok(),
        };
        let ids: Vec<TicketId> = match ticket {
            None => board.rescues.keys().copied().filter(|id| sees(id)).collect(),
            Some(id) if board.deleted.contains_key(&id) && authorise(state, party, Verb::Undelete, id).is_ok() => {
                vec![id]
            }
            Some(id) => vec![rights::ticket(state, party, Verb::SeeTicket, id)?.id],
        };
        Ok::<_, legion_model::Refusal>(ids.into_iter().flat_map(|id| rescue::of_ticket(state, id)).collect())
    };
    let rescues = context.engine.read(project, look).await??;
    Ok(Json(RescueList {
        rescues: match ticket {
            // That the caller may see it was asked above.
            Some(ticket) => known(context, project, ticket).await?,
            None => rescues,
        },
    }))
}
