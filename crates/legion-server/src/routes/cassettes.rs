//! Cassettes: model traffic that is recorded, or answered from a record.

use axum::Json;
use axum::extract::State;
use legion_api::{self as api, Cassette, CassetteList, paths};
use legion_model::authority::Verb;
use legion_model::gateway::{CassetteMode, CassetteName, GatewayOrder, GatewayState};
use utoipa_axum::routes;

use crate::change::Change;
use crate::context::Shared;
use crate::fault::{Fault, Result};
use crate::governed::Routes;
use crate::guard::Caller;
use crate::query::{Params, ProjectQuery};

pub(crate) fn routes() -> Routes {
    Routes::new().add(Verb::SeeModels, routes!(cassettes)).add(Verb::SetUpModels, routes!(set))
}

/// All cassettes, and what is done now. For the person.
#[utoipa::path(
    get,
    path = paths::CASSETTES,
    tag = "models",
    operation_id = "cassettes",
    params(ProjectQuery),
    responses((status = 200, body = CassetteList))
)]
async fn cassettes(State(context): State<Shared>, _: Params<ProjectQuery>) -> Result<Json<CassetteList>> {
    let now = context.engine.gateway_read(|state: &GatewayState| state.cassette.clone()).await?;
    let cassettes = context.gateway()?.cassettes().list().map_err(Fault::internal)?;
    let cassettes =
        cassettes.into_iter().map(|known| Cassette { name: known.name, calls: known.calls as u64, bytes: known.bytes });
    Ok(Json(CassetteList { now: shown(&now), cassettes: cassettes.collect() }))
}

/// Begins to record or to replay, or ends it. Effective with the next call. For the person.
#[utoipa::path(
    put,
    path = paths::CASSETTES,
    tag = "models",
    operation_id = "set_cassette",
    params(ProjectQuery),
    request_body = api::CassetteMode,
    responses((status = 200, body = api::CassetteMode))
)]
async fn set(
    caller: Caller,
    State(context): State<Shared>,
    _: Params<ProjectQuery>,
    change: Change<api::CassetteMode>,
) -> Result<Json<api::CassetteMode>> {
    let Change { key, body } = change;
    let name = || -> Result<CassetteName> {
        let name = body.name.as_deref().ok_or_else(|| Fault::invalid("the name of the cassette is missing"))?;
        name.parse().map_err(Fault::invalid)
    };
    let mode = match body.mode.as_str() {
        "off" => CassetteMode::Off,
        "record" => CassetteMode::Record { name: name()? },
        "replay" => {
            let name = name()?;
            let known = context.gateway()?.cassettes().list().map_err(Fault::internal)?;
            if !known.iter().any(|known| known.name == name.as_str()) {
                return Err(Fault::not_found(format!("there is no cassette `{name}`"))
                    .hint("`legion cassette list` lists them"));
            }
            CassetteMode::Replay { name, nearest: body.nearest, full_speed: body.full_speed }
        }
        other => {
            let other = legion_model::body::clip(other, 40);
            return Err(Fault::invalid(format!("a cassette is not set to `{other}`; `off`, `record` or `replay`")));
        }
    };
    let answer = shown(&mode);
    let set = async {
        if let CassetteMode::Replay { name, .. } = &mode {
            context.gateway()?.cassettes().rewind(name.as_str());
        }
        context.engine.gateway(caller.party(), GatewayOrder::SetCassette(mode)).await?;
        Ok(answer)
    };
    context.set_up.once(key, set).await.map(Json)
}

fn shown(mode: &CassetteMode) -> api::CassetteMode {
    let (mode, name, nearest, full_speed) = match mode {
        CassetteMode::Off => ("off", None, false, false),
        CassetteMode::Record { name } => ("record", Some(name), false, false),
        CassetteMode::Replay { name, nearest, full_speed } => ("replay", Some(name), *nearest, *full_speed),
    };
    api::CassetteMode { mode: mode.to_owned(), name: name.map(ToString::to_string), nearest, full_speed }
}
