//! Changes to protected files: let through, or sent back.

use axum::Json;
use axum::extract::State;
use legion_api::{HeldRequest, TicketDetail, paths};
use legion_model::authority::Verb;
use legion_model::{Answer, Order, TicketOrder};
use utoipa_axum::routes;

use crate::change::{Change, unexpected};
use crate::context::{Context, Shared};
use crate::fault::{Fault, Result};
use crate::governed::Routes;
use crate::guard::Caller;
use crate::query::{self, Id, Params, ProjectQuery};
use crate::render::text::Texts;
use crate::render::ticket_detail;

/// Characters of a reason.
const REASON_CHARS_MAX: usize = 4_000;

pub(crate) fn routes() -> Routes {
    Routes::new().add(Verb::DecideHeld, routes!(approve)).add(Verb::DecideHeld, routes!(deny))
}

/// Lets a ticket's changes to protected files through. For the person.
#[utoipa::path(
    post,
    path = paths::TICKET_APPROVE,
    tag = "tickets",
    operation_id = "approve_ticket",
    params(("id" = u32, Path, description = "Its number"), ProjectQuery),
    request_body = HeldRequest,
    responses((status = 200, body = TicketDetail))
)]
async fn approve(
    caller: Caller,
    State(context): State<Shared>,
    Id(id): Id,
    Params(query): Params<ProjectQuery>,
    change: Change<HeldRequest>,
) -> Result<Json<TicketDetail>> {
    decide(&context, caller, &id, query.project.as_deref(), change, true).await
}

/// Sends a ticket's changes to protected files back to its agent. For the person.
#[utoipa::path(
    post,
    path = paths::TICKET_DENY,
    tag = "tickets",
    operation_id = "deny_ticket",
    params(("id" = u32, Path, description = "Its number"), ProjectQuery),
    request_body = HeldRequest,
    responses((status = 200, body = TicketDetail))
)]
async fn deny(
    caller: Caller,
    State(context): State<Shared>,
    Id(id): Id,
    Params(query): Params<ProjectQuery>,
    change: Change<HeldRequest>,
) -> Result<Json<TicketDetail>> {
    decide(&context, caller, &id, query.project.as_deref(), change, false).await
}

async fn decide(
    context: &Context,
    caller: Caller,
    id: &str,
    project: Option<&str>,
    change: Change<HeldRequest>,
    approve: bool,
) -> Result<Json<TicketDetail>> {
    let ticket = query::ticket(id)?;
    let Change { key, body } = change;
    if body.reason.as_ref().is_some_and(|reason| reason.chars().count() > REASON_CHARS_MAX) {
        return Err(Fault::invalid(format!("the reason has more than {REASON_CHARS_MAX} characters")));
    }
    let order = Order::Tickets(TicketOrder::DecideHeld { ticket, approve, reason: body.reason });
    match context.ordered(caller, project, key, order).await? {
        (_, Answer::Done) => {}
        (_, other) => return Err(unexpected(&other)),
    }
    let now = context.engine.clock().now();
    let asked = context.look_at(caller, project, id, move |state, ticket| ticket_detail::asked(state, now, ticket));
    Ok(Json(ticket_detail::whole(Texts::new(&context.engine), asked.await?).await))
}
