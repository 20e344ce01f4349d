//! The service itself.

use std::path::PathBuf;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use legion_api::{BackupRequest, BackupWritten, DownReply, DownRequest, Health, ProblemCode, ServiceInfo, paths};
use legion_model::authority::Verb;
use tokio::sync::mpsc::error::TrySendError;
use utoipa_axum::routes;

use crate::change::Change;
use crate::context::{Context, Shared};
use crate::fault::{Fault, Result};
use crate::governed::Routes;
use crate::guard::Caller;

pub(crate) fn routes() -> Routes {
    Routes::new()
        .open(routes!(health))
        .add(Verb::ReadDocument, routes!(document))
        .add(Verb::ReadService, routes!(service))
        .add(Verb::EndService, routes!(down))
        .add(Verb::BackUp, routes!(backup))
}

/// Says that the service lives. The only path that needs no token.
#[utoipa::path(get, path = paths::HEALTH, tag = "service", operation_id = "health", responses((status = 200, body = Health)))]
async fn health() -> Json<Health> {
    Json(Health { status: "healthy".to_owned() })
}

/// This document.
#[utoipa::path(
    get,
    path = paths::OPENAPI,
    tag = "service",
    operation_id = "openapi",
    responses((status = 200, description = "OpenAPI 3.1", body = Object))
)]
async fn document(_: Caller, State(context): State<Shared>) -> Response {
    let kind = (header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    ([kind], context.openapi.clone()).into_response()
}

/// What runs here. For the person.
#[utoipa::path(get, path = paths::SERVICE, tag = "service", operation_id = "service", responses((status = 200, body = ServiceInfo)))]
async fn service(State(context): State<Shared>) -> Result<Json<ServiceInfo>> {
    Ok(Json(context.info.clone()))
}

/// Ends the service. For the person. The answer comes before the end.
#[utoipa::path(
    post,
    path = paths::SERVICE_DOWN,
    tag = "service",
    operation_id = "down",
    request_body = DownRequest,
    responses((status = 200, body = DownReply))
)]
async fn down(caller: Caller, State(context): State<Shared>, change: Change<DownRequest>) -> Result<Json<DownReply>> {
    let keep = change.body.keep;
    let projects = context.projects(caller, None).await?;
    let open = context.each(&projects, crate::render::agent::working).await?.into_iter().sum();
    match context.down.try_send(keep) {
        // It was asked to end before, and will.
        Ok(()) | Err(TrySendError::Full(_)) => {}
        Err(TrySendError::Closed(_)) => return Err(Fault::new(ProblemCode::ShuttingDown, "the service is ending")),
    }
    Ok(Json(if keep { DownReply { ended: 0, kept: open } } else { DownReply { ended: open, kept: 0 } }))
}

/// Writes a copy of the log while the service goes on. For the person.
#[utoipa::path(
    post,
    path = paths::SERVICE_BACKUP,
    tag = "service",
    operation_id = "backup",
    request_body = BackupRequest,
    responses((status = 200, body = BackupWritten))
)]
async fn backup(State(context): State<Shared>, change: Change<BackupRequest>) -> Result<Json<BackupWritten>> {
    let Change { key, body } = change;
    context.backups.once(key, written(&context, body)).await.map(Json)
}

async fn written(context: &Context, request: BackupRequest) -> Result<BackupWritten> {
    let path = PathBuf::from(&request.path);
    if !path.is_absolute() {
        return Err(Fault::invalid(format!("the path `{}` is not absolute", path.display())));
    }
    if path.symlink_metadata().is_ok() {
        return Err(Fault::new(ProblemCode::Conflict, format!("something is at `{}` already", path.display()))
            .hint("name a file that does not exist"));
    }
    if !path.parent().is_some_and(|directory| directory.is_dir()) {
        return Err(Fault::invalid(format!("the directory of `{}` does not exist", path.display())));
    }
    let (bytes, position) = (context.backup)(path)
        .await
        .map_err(|what| Fault::internal(format!("no backup was written to `{}`: {what}", request.path)))?;
    Ok(BackupWritten { path: request.path, bytes, position })
}
