//! What the person trusts of the files that configure agent programs.

use std::path::PathBuf;

use axum::Json;
use axum::extract::State;
use legion_api::{TrustRequest, TrustedContent, TrustedContents, paths};
use legion_model::authority::Verb;
use utoipa_axum::routes;

use crate::change::Change;
use crate::context::Shared;
use crate::fault::{Fault, Result};
use crate::governed::Routes;

pub(crate) fn routes() -> Routes {
    Routes::new().add(Verb::ReadService, routes!(trusted)).add(Verb::Trust, routes!(trust))
}

/// Contents of files that may configure agent programs, wherever they lie. For the person.
#[utoipa::path(get, path = paths::TRUST, tag = "service", operation_id = "trusted", responses((status = 200, body = TrustedContents)))]
async fn trusted(State(context): State<Shared>) -> Result<Json<TrustedContents>> {
    Ok(rendered(context.engine.trusted()))
}

/// Trusts what is at a path as it is now, or ends that. For the person. Answers with what was trusted by it, or is not any more.
/// Repeated, it does the same again.
#[utoipa::path(
    post,
    path = paths::TRUST,
    tag = "service",
    operation_id = "trust",
    request_body = TrustRequest,
    responses((status = 200, body = TrustedContents))
)]
async fn trust(State(context): State<Shared>, change: Change<TrustRequest>) -> Result<Json<TrustedContents>> {
    let path = PathBuf::from(&change.body.path);
    if !path.is_absolute() {
        return Err(Fault::invalid(format!("the path `{}` is not absolute", path.display())));
    }
    let engine = &context.engine;
    let done = if change.body.trusted { engine.trust(&path).await? } else { engine.distrust(&path).await? };
    Ok(rendered(done))
}

fn rendered(contents: Vec<legion_engine::TrustedContent>) -> Json<TrustedContents> {
    let one = |content: legion_engine::TrustedContent| TrustedContent {
        name: content.name,
        hash: content.hash,
        path: content.path.to_string_lossy().into_owned(),
    };
    Json(TrustedContents { contents: contents.into_iter().map(one).collect() })
}
