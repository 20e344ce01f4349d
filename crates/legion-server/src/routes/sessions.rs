//! Sessions: list, one of them, settings, use, complete.

use axum::Json;
use axum::extract::State;
use legion_api::{self as api, SessionChanges, SessionList, TextOrList, paths};
use legion_model::authority::Verb;
use legion_model::tickets::{GateSpec, Overlap, SessionName, SessionSettings};
use legion_model::{Organisation, ProjectId, TicketOrder};
use utoipa_axum::routes;

use crate::change::{Change, Nothing};
use crate::context::{Context, Shared};
use crate::fault::{Fault, Result};
use crate::governed::Routes;
use crate::guard::Caller;
use crate::plans;
use crate::query::{self, Id, Params, ProjectQuery};
use crate::render::session;
use crate::routes::roles::done;

/// Sessions that a hint names.
const NAMED_MAX: usize = 20;

pub(crate) fn routes() -> Routes {
    Routes::new()
        .add(Verb::SeeSessions, routes!(sessions))
        .add(Verb::SeeSessions, routes!(one))
        .add(Verb::SetSession, routes!(set))
        .add(Verb::UseSession, routes!(use_one))
        .add(Verb::CompleteSession, routes!(complete))
}

/// The sessions of a project, by name.
#[utoipa::path(
    get,
    path = paths::SESSIONS,
    tag = "sessions",
    operation_id = "sessions",
    params(ProjectQuery),
    responses((status = 200, body = SessionList))
)]
async fn sessions(
    caller: Caller,
    State(context): State<Shared>,
    Params(query): Params<ProjectQuery>,
) -> Result<Json<SessionList>> {
    let (project, _) = context.project(caller, query.project.as_deref()).await?;
    let party = caller.party();
    let look = move |state: &Organisation| {
        state.board.sessions.values().map(|found| session::session(state, party, found)).collect()
    };
    Ok(Json(SessionList { sessions: context.engine.read(project, look).await? }))
}

/// One session with its merge queue.
#[utoipa::path(
    get,
    path = paths::SESSION,
    tag = "sessions",
    operation_id = "session",
    params(("id" = String, Path, description = "Its name"), ProjectQuery),
    responses((status = 200, body = api::Session))
)]
async fn one(
    caller: Caller,
    State(context): State<Shared>,
    Id(id): Id,
    Params(query): Params<ProjectQuery>,
) -> Result<Json<api::Session>> {
    let name = query::session(&id)?;
    let (project, _) = context.project(caller, query.project.as_deref()).await?;
    shown(&context, caller, project, name).await.map(Json)
}

/// Changes settings of a session; what is not named stays as it is. For the person.
#[utoipa::path(
    patch,
    path = paths::SESSION,
    tag = "sessions",
    operation_id = "set_session",
    params(("id" = String, Path, description = "Its name"), ProjectQuery),
    request_body = SessionChanges,
    responses((status = 200, body = api::Session))
)]
async fn set(
    caller: Caller,
    State(context): State<Shared>,
    Id(id): Id,
    Params(query): Params<ProjectQuery>,
    change: Change<SessionChanges>,
) -> Result<Json<api::Session>> {
    let name = query::session(&id)?;
    let Change { key, body } = change;
    let project = match context.replayed(caller, key.as_ref()).await? {
        Some((project, _)) => project,
        None => {
            let (project, _) = context.project(caller, query.project.as_deref()).await?;
            let wanted = name.clone();
            let look =
                move |state: &Organisation| state.board.session(Some(&wanted)).map(|found| found.settings.clone());
            let Some(current) = context.engine.read(project, look).await? else {
                return Err(no_session(&context, project, &name).await?);
            };
            let order = TicketOrder::SetSession { session: name.clone(), settings: changed(current, body) };
            done(&context, caller, query.project.as_deref(), key, order).await?
        }
    };
    shown(&context, caller, project, name).await.map(Json)
}

/// From now on calls that name no session mean this one; a completed one goes on. For the person.
#[utoipa::path(
    post,
    path = paths::SESSION_USE,
    tag = "sessions",
    operation_id = "use_session",
    params(("id" = String, Path, description = "Its name"), ProjectQuery),
    responses((status = 200, body = api::Session))
)]
async fn use_one(
    caller: Caller,
    State(context): State<Shared>,
    Id(id): Id,
    Params(query): Params<ProjectQuery>,
    change: Change<Nothing>,
) -> Result<Json<api::Session>> {
    let name = query::session(&id)?;
    let order = TicketOrder::UseSession { session: name.clone() };
    let project = done(&context, caller, query.project.as_deref(), change.key, order).await?;
    shown(&context, caller, project, name).await.map(Json)
}

/// Completes a session without unfinished tickets. For the person.
#[utoipa::path(
    post,
    path = paths::SESSION_COMPLETE,
    tag = "sessions",
    operation_id = "complete_session",
    params(("id" = String, Path, description = "Its name"), ProjectQuery),
    responses((status = 200, body = api::Session))
)]
async fn complete(
    caller: Caller,
    State(context): State<Shared>,
    Id(id): Id,
    Params(query): Params<ProjectQuery>,
    change: Change<Nothing>,
) -> Result<Json<api::Session>> {
    let name = query::session(&id)?;
    let order = TicketOrder::CompleteSession { session: name.clone() };
    let project = done(&context, caller, query.project.as_deref(), change.key, order).await?;
    shown(&context, caller, project, name).await.map(Json)
}

/// Settings with what a request changes.
pub(super) fn changed(mut settings: SessionSettings, changes: SessionChanges) -> SessionSettings {
    let timeout_s = changes.gate_timeout.map(|timeout| timeout.seconds);
    settings.workers = changes.workers.unwrap_or(settings.workers);
    if let Some(overlap) = changes.overlap {
        settings.overlap = match overlap {
            api::Overlap::Warn => Overlap::Warn,
            api::Overlap::Hold => Overlap::Hold,
        };
    }
    if let Some(caps) = changes.group_caps {
        settings.group_caps = caps;
    }
    settings.gates = match (changes.gate.map(TextOrList::into_list), timeout_s) {
        (Some(commands), timeout_s) => plans::gates(commands, timeout_s),
        (None, Some(timeout_s)) => settings.gates.into_iter().map(|gate| GateSpec { timeout_s, ..gate }).collect(),
        (None, None) => settings.gates,
    };
    if let Some(protect) = changes.protect {
        settings.protect = protect;
    }
    settings
}

/// A session as it is now.
pub(super) async fn shown(
    context: &Context,
    caller: Caller,
    project: ProjectId,
    name: SessionName,
) -> Result<api::Session> {
    let (party, wanted) = (caller.party(), name.clone());
    let look = move |state: &Organisation| {
        state.board.session(Some(&wanted)).map(|found| session::session(state, party, found))
    };
    match context.engine.read(project, look).await? {
        Some(session) => Ok(session),
        None => Err(no_session(context, project, &name).await?),
    }
}

/// Refuses a session that is not there.
pub(super) async fn check_session(context: &Context, project: ProjectId, name: &SessionName) -> Result<()> {
    let wanted = name.clone();
    let there = context.engine.read(project, move |state| state.board.sessions.contains_key(&wanted)).await?;
    if there { Ok(()) } else { Err(no_session(context, project, name).await?) }
}

/// The problem of a session that is not there.
pub(super) async fn no_session(context: &Context, project: ProjectId, name: &SessionName) -> Result<Fault> {
    let names =
        |state: &Organisation| state.board.sessions.keys().take(NAMED_MAX).map(ToString::to_string).collect::<Vec<_>>();
    let names = context.engine.read(project, names).await?;
    let fault = Fault::not_found(format!("there is no session `{name}`"));
    Ok(match names.is_empty() {
        true => fault.hint("`legion init`, or `legion sessions new NAME`, makes one"),
        false => fault.hint(format!("sessions: {}", names.join(", "))),
    })
}
