//! Secured files, brought back.

use std::path::Path;

use axum::Json;
use axum::extract::State;
use legion_api::{Rescue, UndeleteRequest, Undeleted, paths};
use legion_model::ProjectId;
use legion_model::authority::Verb;
use legion_model::tickets::TicketId;
use utoipa_axum::routes;

use crate::change::Change;
use crate::context::{Context, Shared};
use crate::fault::{Fault, Result};
use crate::governed::Routes;
use crate::guard::Caller;
use crate::query::{self, Id, Params, ProjectQuery};
use crate::render::rescue;

pub(crate) fn routes() -> Routes {
    Routes::new().add(Verb::Undelete, routes!(undelete))
}

/// Writes secured files of a ticket into a new directory on the service's machine. For the person.
#[utoipa::path(
    post,
    path = paths::TICKET_UNDELETE,
    tag = "tickets",
    operation_id = "undelete",
    params(("id" = u32, Path, description = "Its number; one that was deleted, too"), ProjectQuery),
    request_body = UndeleteRequest,
    responses((status = 200, description = "The files are there", body = Undeleted))
)]
async fn undelete(
    caller: Caller,
    State(context): State<Shared>,
    Id(id): Id,
    Params(query): Params<ProjectQuery>,
    change: Change<UndeleteRequest>,
) -> Result<Json<Undeleted>> {
    let ticket = query::ticket(&id)?;
    let UndeleteRequest { rescue: wanted, into } = change.body;
    let (project, _) = context.project(caller, query.project.as_deref()).await?;
    let known = known(&context, project, ticket).await?;
    let chosen = match wanted {
        None => known.iter().max_by_key(|rescue| rescue.at),
        Some(number) => known.iter().find(|rescue| rescue.number == number),
    };
    let Some(chosen) = chosen else {
        let numbers: Vec<String> = known.iter().map(|rescue| rescue.number.to_string()).collect();
        return Err(match (known.is_empty(), wanted) {
            (false, Some(number)) => Fault::not_found(format!("ticket {ticket} has no rescue {number}"))
                .hint(format!("it has {}", numbers.join(", "))),
            _ => Fault::not_found(format!("no files of ticket {ticket} were secured"))
                .hint("what was committed and merged is on the session's branch; `legion diff` shows the rest"),
        });
    };
    // Its place among those of the engine, which counts by time.
    let listed = context.engine.rescues(project, ticket).await?;
    let which = listed.iter().position(|rescue| rescue.commit == chosen.commit);
    context.engine.undelete(project, ticket, which, Path::new(&into)).await?;
    Ok(Json(Undeleted { rescue: chosen.clone(), into }))
}

/// The rescues of a ticket. Those in the log come first, so that their numbers stay; then those of clones that no ticket knew.
pub(super) async fn known(context: &Context, project: ProjectId, ticket: TicketId) -> Result<Vec<Rescue>> {
    let mut known = context.engine.read(project, move |state| rescue::of_ticket(state, ticket)).await?;
    let (title, deleted) = context.engine.read(project, move |state| rescue::title(state, ticket)).await?;
    for found in context.engine.rescues(project, ticket).await? {
        if known.iter().all(|rescue| rescue.commit != found.commit) {
            let number = u32::try_from(known.len() + 1).unwrap_or(u32::MAX);
            known.push(rescue::rescue(ticket, &title, deleted, number, &found));
        }
    }
    Ok(known)
}
