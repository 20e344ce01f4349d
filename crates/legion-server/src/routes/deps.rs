//! What a ticket waits for or builds on.

use axum::Json;
use axum::extract::State;
use legion_api::{Deps, MergeState, TicketStatus, Upstream, paths};
use legion_model::Organisation;
use legion_model::authority::Verb;
use legion_model::tickets::{OnUpstream, Ticket, TicketId};
use utoipa_axum::routes;

use crate::context::Shared;
use crate::fault::Result;
use crate::governed::Routes;
use crate::guard::Caller;
use crate::query::{Id, Params, ProjectQuery};
use crate::render::ticket;

/// Merged tickets whose changed files are told.
const SUMMARIES_MAX: usize = 20;
/// Files that are told of each.
const FILES_MAX: usize = 50;

pub(crate) fn routes() -> Routes {
    Routes::new().add(Verb::SeeTicket, routes!(deps))
}

/// What a ticket waits for or builds on, and who waits for it.
#[utoipa::path(
    get,
    path = paths::TICKET_DEPS,
    tag = "tickets",
    operation_id = "deps",
    params(("id" = String, Path, description = "Its number; `self` is the caller's own"), ProjectQuery),
    responses((status = 200, body = Deps))
)]
async fn deps(
    caller: Caller,
    State(context): State<Shared>,
    Id(id): Id,
    Params(query): Params<ProjectQuery>,
) -> Result<Json<Deps>> {
    let wanted = query.project.as_deref();
    let mut deps = context.look_at(caller, wanted, &id, of_ticket).await?;
    let (project, _) = context.project(caller, wanted).await?;
    let merged = deps.dependencies.iter_mut().filter(|up| up.status == Some(TicketStatus::Done));
    for upstream in merged.take(SUMMARIES_MAX) {
        // What cannot be shown is left out: the rest is worth having without it.
        if let Ok(diff) = context.engine.ticket_diff(project, TicketId(upstream.id), 0).await {
            let lines = diff.files.iter().map(|file| format!("{} +{} -{}", file.path, file.insertions, file.deletions));
            upstream.diff_summary = lines.take(FILES_MAX).collect();
        }
    }
    Ok(Json(deps))
}

fn of_ticket(state: &Organisation, ticket: &Ticket) -> Deps {
    Deps {
        ticket_id: ticket.id.0,
        dependencies: ticket.after.iter().map(|(id, policy)| upstream(state, *id, *policy)).collect(),
        dependents: state.board.dependents_of(ticket.id).map(|id| id.0).collect(),
    }
}

fn upstream(state: &Organisation, id: TicketId, policy: OnUpstream) -> Upstream {
    let on_upstream = ticket::on_upstream(policy);
    match state.board.tickets.get(&id) {
        Some(up) => Upstream {
            id: id.0,
            title: up.spec.title.clone(),
            status: Some(ticket::status(state.board.status(up))),
            merge_status: ticket::merge(up),
            summary: up.summary.clone(),
            diff_summary: Vec::new(),
            is_checkpoint: up.spec.checkpoint,
            on_upstream,
        },
        None => Upstream {
            id: id.0,
            title: state.board.deleted.get(&id).cloned().unwrap_or_default(),
            status: None,
            merge_status: if state.board.is_done(id) { MergeState::Merged } else { MergeState::None },
            summary: None,
            diff_summary: Vec::new(),
            is_checkpoint: false,
            on_upstream,
        },
    }
}
