//! Sessions: open, delete, and commits of the person that come in.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use legion_api::{self as api, ImportRequest, Imported, OpenSession, paths};
use legion_engine::SessionAsk;
use legion_model::Answer;
use legion_model::authority::Verb;
use legion_model::tickets::SessionSettings;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::routes;

use crate::change::{Change, Nothing, unexpected};
use crate::context::Shared;
use crate::fault::Result;
use crate::governed::Routes;
use crate::guard::Caller;
use crate::query::{self, Id, Params, ProjectQuery};
use crate::routes::repository::taken_in;
use crate::routes::sessions::{changed, check_session, shown};

pub(crate) fn routes() -> Routes {
    Routes::new()
        .add(Verb::OpenSession, routes!(open))
        .add(Verb::DeleteSession, routes!(delete))
        .add(Verb::ImportCommits, routes!(import))
}

/// Opens a session on a commit of the person's, which becomes the current one. For the person.
#[utoipa::path(
    post,
    path = paths::SESSIONS,
    tag = "sessions",
    operation_id = "open_session",
    params(ProjectQuery),
    request_body = OpenSession,
    responses((status = 201, body = api::Session))
)]
async fn open(
    caller: Caller,
    State(context): State<Shared>,
    Params(query): Params<ProjectQuery>,
    change: Change<OpenSession>,
) -> Result<(StatusCode, Json<api::Session>)> {
    let Change { key, body } = change;
    let name = query::session(&body.name)?;
    let project = match context.replayed(caller, key.as_ref()).await? {
        Some((project, Answer::Done)) => project,
        Some((_, other)) => return Err(unexpected(&other)),
        None => {
            let (project, _) = context.project(caller, query.project.as_deref()).await?;
            taken_in(&context, project, body.bundle.as_deref(), &body.commit).await?;
            let ask = SessionAsk {
                name: name.clone(),
                base: body.commit,
                branch: body.branch,
                settings: changed(SessionSettings::default(), body.settings),
            };
            context.engine.session_open(project, caller.party(), key, ask).await?;
            project
        }
    };
    Ok((StatusCode::CREATED, Json(shown(&context, caller, project, name).await?)))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct DeleteQuery {
    /// A project: its directory, a path inside of it, or its id. The person needs it when there are several.
    project: Option<String>,
    /// Stop unfinished tickets; their files are secured.
    #[serde(default)]
    force: bool,
}

/// Deletes a session with its tickets. What its branch held is kept. For the person.
#[utoipa::path(
    delete,
    path = paths::SESSION,
    tag = "sessions",
    operation_id = "delete_session",
    params(("id" = String, Path, description = "Its name"), DeleteQuery),
    responses((status = 204, description = "It is gone"))
)]
async fn delete(
    caller: Caller,
    State(context): State<Shared>,
    Id(id): Id,
    Params(query): Params<DeleteQuery>,
    change: Change<Nothing>,
) -> Result<StatusCode> {
    let name = query::session(&id)?;
    match context.replayed(caller, change.key.as_ref()).await? {
        Some((_, Answer::Done)) => {}
        Some((_, other)) => return Err(unexpected(&other)),
        None => {
            let (project, _) = context.project(caller, query.project.as_deref()).await?;
            context.engine.session_delete(project, caller.party(), change.key, name, query.force).await?;
        }
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Brings commits of the person into a session: they wait in the merge queue like everything else. For the person.
#[utoipa::path(
    post,
    path = paths::SESSION_IMPORT,
    tag = "sessions",
    operation_id = "import",
    params(("id" = String, Path, description = "Its name"), ProjectQuery),
    request_body = ImportRequest,
    responses((status = 201, body = Imported))
)]
async fn import(
    caller: Caller,
    State(context): State<Shared>,
    Id(id): Id,
    Params(query): Params<ProjectQuery>,
    change: Change<ImportRequest>,
) -> Result<(StatusCode, Json<Imported>)> {
    let name = query::session(&id)?;
    let Change { key, body } = change;
    let number = match context.replayed(caller, key.as_ref()).await? {
        Some((_, Answer::Imported { number })) => number,
        Some((_, other)) => return Err(unexpected(&other)),
        None => {
            let (project, _) = context.project(caller, query.project.as_deref()).await?;
            check_session(&context, project, &name).await?;
            taken_in(&context, project, body.bundle.as_deref(), &body.commit).await?;
            let import = context.engine.import_commits(
                project,
                caller.party(),
                key,
                Some(name.clone()),
                body.commit,
                body.branch,
            );
            import.await?
        }
    };
    Ok((StatusCode::CREATED, Json(Imported { session: name.to_string(), number })))
}
