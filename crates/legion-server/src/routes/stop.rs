//! Stop: one ticket, or all of them.

use axum::Json;
use axum::extract::State;
use legion_api::{StopAllRequest, TicketNumbers, paths};
use legion_model::authority::Verb;
use legion_model::{Order, TicketOrder};
use utoipa_axum::routes;

use crate::change::{Change, Nothing};
use crate::context::Shared;
use crate::fault::Result;
use crate::governed::Routes;
use crate::guard::Caller;
use crate::query::{self, Id, Params, ProjectQuery};
use crate::routes::tickets::numbers;

pub(crate) fn routes() -> Routes {
    Routes::new().add(Verb::StopTicket, routes!(stop)).add(Verb::StopTicket, routes!(stop_all))
}

/// Stops one ticket: its agent ends, its files are secured, and what waits for it goes by its own rule.
#[utoipa::path(
    post,
    path = paths::TICKET_STOP,
    tag = "tickets",
    operation_id = "stop_ticket",
    params(("id" = u32, Path, description = "Its number"), ProjectQuery),
    responses((status = 200, body = TicketNumbers))
)]
async fn stop(
    caller: Caller,
    State(context): State<Shared>,
    Id(id): Id,
    Params(query): Params<ProjectQuery>,
    change: Change<Nothing>,
) -> Result<Json<TicketNumbers>> {
    let order = Order::Tickets(TicketOrder::Stop { tickets: vec![query::ticket(&id)?] });
    numbers(context.ordered(caller, query.project.as_deref(), change.key, order).await?.1).map(Json)
}

/// Stops every unfinished ticket that the caller may stop.
#[utoipa::path(
    post,
    path = paths::TICKETS_STOP,
    tag = "tickets",
    operation_id = "stop_all_tickets",
    params(ProjectQuery),
    request_body = StopAllRequest,
    responses((status = 200, body = TicketNumbers))
)]
async fn stop_all(
    caller: Caller,
    State(context): State<Shared>,
    Params(query): Params<ProjectQuery>,
    change: Change<StopAllRequest>,
) -> Result<Json<TicketNumbers>> {
    let session = change.body.session.as_deref().map(query::session).transpose()?;
    let order = Order::Tickets(TicketOrder::StopAll { session });
    numbers(context.ordered(caller, query.project.as_deref(), change.key, order).await?.1).map(Json)
}
