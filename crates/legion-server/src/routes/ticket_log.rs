//! What the agent of a ticket wrote.

use axum::Json;
use axum::extract::State;
use legion_api::{LogPage, paths};
use legion_model::authority::{Verb, authorise};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::routes;

use crate::context::Shared;
use crate::fault::{Fault, Result};
use crate::governed::Routes;
use crate::guard::Caller;
use crate::query::{Id, Params};
use crate::render::ticket;
use crate::routes::logs::Part;

pub(crate) fn routes() -> Routes {
    Routes::new().add(Verb::SeeTicket, routes!(ticket_log))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct LogQuery {
    /// A project: its directory, a path inside of it, or its id. The person needs it when there are several.
    project: Option<String>,
    /// 1 to 10000; 100 when absent.
    lines: Option<usize>,
    /// Where the last page ended: its `next`. Without it, the last lines are given.
    after: Option<String>,
}

/// Lines that the agent of a ticket's open or last attempt wrote, oldest first. An agent reads those of itself and its subtree.
#[utoipa::path(
    get,
    path = paths::TICKET_LOG,
    tag = "tickets",
    operation_id = "ticket_log",
    params(("id" = String, Path, description = "Its number; `self` is the caller's own"), LogQuery),
    responses((status = 200, body = LogPage))
)]
async fn ticket_log(
    caller: Caller,
    State(context): State<Shared>,
    Id(id): Id,
    Params(query): Params<LogQuery>,
) -> Result<Json<LogPage>> {
    let part = Part::of(query.lines, query.after.as_deref())?;
    let project = query.project.as_deref();
    let party = caller.party();
    let look = move |state: &legion_model::Organisation, ticket: &legion_model::tickets::Ticket| {
        let Some(agent) = ticket::agent_of(ticket) else {
            return Err(Fault::not_found(format!("no agent has worked on {} yet", ticket.called()))
                .hint(format!("`legion why {}` says what it waits for", ticket.id.0)));
        };
        // Where a fired agent stood is forgotten, so that only the person may read on.
        authorise(state, party, Verb::ReadLog, agent)?;
        Ok(agent)
    };
    let agent = context.look_at(caller, project, &id, look).await??;
    let (project, _) = context.project(caller, project).await?;
    part.read(&context, project, agent).await.map(Json)
}
