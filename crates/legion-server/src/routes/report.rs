//! What a ticket's agent says about its work.

use axum::Json;
use axum::extract::State;
use legion_api::{ReportRequest, ReportStatus, Reported, paths};
use legion_model::authority::Verb;
use legion_model::{Answer, Body, Event, Order, Organisation, TicketOrder};
use utoipa_axum::routes;

use crate::change::{Change, unexpected};
use crate::context::Shared;
use crate::fault::{Fault, Result};
use crate::governed::Routes;
use crate::guard::Caller;
use crate::query::{Params, ProjectQuery};
use crate::routes::retry::stored;

pub(crate) fn routes() -> Routes {
    Routes::new().add(Verb::ReportOnTicket, routes!(report))
}

/// Says how the caller's work on its ticket went: a worker about the work, a reviewer its verdict. It is no evidence.
#[utoipa::path(
    post,
    path = paths::REPORT,
    tag = "tickets",
    operation_id = "report",
    params(ProjectQuery),
    request_body = ReportRequest,
    responses((status = 200, description = "The report is in the log", body = Reported))
)]
async fn report(
    caller: Caller,
    State(context): State<Shared>,
    Params(query): Params<ProjectQuery>,
    change: Change<ReportRequest>,
) -> Result<Json<Reported>> {
    let Change { key, body } = change;
    let (status, party) = (body.status, caller.party());
    let project = match context.replayed(caller, key.as_ref()).await? {
        Some((project, Answer::Done)) => project,
        Some((_, other)) => return Err(unexpected(&other)),
        None => {
            let (project, _) = context.project(caller, query.project.as_deref()).await?;
            let post = context.engine.read(project, move |state| post(state, party).is_some()).await?;
            // Without a post it is refused: nothing is stored for it.
            let summary =
                if post { stored(&context, "summary", body.summary).await? } else { Body::Text(String::new()) };
            let order = TicketOrder::Report { done: status == ReportStatus::Done, summary };
            match context.engine.command(project, party, key, Order::Tickets(order)).await? {
                Answer::Done => project,
                other => return Err(unexpected(&other)),
            }
        }
    };
    let ticket = match context.engine.read(project, move |state| post(state, party)).await? {
        Some(ticket) => Some(ticket),
        None => context.recall(project, move |event, _| by_agent(event, party)).await?,
    };
    let ticket = ticket.ok_or_else(|| Fault::internal("the ticket of a report is not in the log"))?;
    Ok(Json(Reported { ticket, status }))
}

fn post(state: &Organisation, party: legion_model::Party) -> Option<u32> {
    party.agent().and_then(|agent| state.board.posts.get(&agent)).map(|post| post.ticket.0)
}

fn by_agent(event: &Event, party: legion_model::Party) -> Option<u32> {
    match event {
        Event::AttemptBegan { .. } | Event::ReviewBegan { .. } if event.agent() == party.agent() => {
            event.ticket().map(|ticket| ticket.0)
        }
        _ => None,
    }
}
