//! What a ticket changes.

use axum::Json;
use axum::extract::State;
use legion_api::{Diff, DiffFile, DiffOf, paths};
use legion_model::authority::Verb;
use utoipa_axum::routes;

use crate::context::Shared;
use crate::fault::Result;
use crate::governed::Routes;
use crate::guard::Caller;
use crate::query::{Id, Params, ProjectQuery};

/// Bytes of a diff that are sent.
const DIFF_BYTES_MAX: usize = 8 * 1024 * 1024;

pub(crate) fn routes() -> Routes {
    Routes::new().add(Verb::SeeTicket, routes!(diff))
}

/// What a ticket changes: as it was merged, as it was taken in, or as its clone is now.
#[utoipa::path(
    get,
    path = paths::TICKET_DIFF,
    tag = "tickets",
    operation_id = "ticket_diff",
    params(("id" = String, Path, description = "Its number; `self` is the caller's own"), ProjectQuery),
    responses((status = 200, body = Diff))
)]
async fn diff(
    caller: Caller,
    State(context): State<Shared>,
    Id(id): Id,
    Params(query): Params<ProjectQuery>,
) -> Result<Json<Diff>> {
    let wanted = query.project.as_deref();
    let ticket = context.look_at(caller, wanted, &id, |_, ticket| ticket.id).await?;
    let (project, _) = context.project(caller, wanted).await?;
    let found = context.engine.ticket_diff(project, ticket, DIFF_BYTES_MAX).await?;
    Ok(Json(Diff {
        ticket: ticket.0,
        of: match found.of {
            legion_engine::DiffOf::Working => DiffOf::Working,
            legion_engine::DiffOf::Collected => DiffOf::Collected,
            legion_engine::DiffOf::Merged => DiffOf::Merged,
            legion_engine::DiffOf::Rescued => DiffOf::Rescued,
        },
        from: found.from,
        to: found.to,
        files: found.files.into_iter().map(file).collect(),
        text: found.patch,
        cut: found.cut,
    }))
}

fn file(file: legion_engine::DiffFile) -> DiffFile {
    DiffFile {
        path: file.path,
        status: None,
        additions: file.insertions,
        deletions: file.deletions,
        binary: file.binary,
    }
}
