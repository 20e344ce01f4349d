//! What was spent on model calls.

use axum::Json;
use axum::extract::State;
use legion_api::{Cost, paths};
use legion_engine::{Spent, SpentBy};
use legion_model::authority::Verb;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::routes;

use crate::context::Shared;
use crate::fault::{Fault, Result};
use crate::governed::Routes;
use crate::query::Params;
use crate::render::gateway;

pub(crate) fn routes() -> Routes {
    Routes::new().add(Verb::SeeModels, routes!(cost))
}

/// The query of [`cost`].
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct CostQuery {
    /// `agent` (when absent), `ticket`, `model` or `day`.
    by: Option<String>,
    /// Ignored: the gateway's books are the service's own, for all projects.
    #[expect(dead_code, reason = "taken so that every call may name its project")]
    project: Option<String>,
}

/// Tokens and money of all calls that came through the gateway, in lines that add up to the total. For the person.
#[utoipa::path(
    get,
    path = paths::COST,
    tag = "models",
    operation_id = "cost",
    params(CostQuery),
    responses((status = 200, body = Cost))
)]
async fn cost(State(context): State<Shared>, Params(query): Params<CostQuery>) -> Result<Json<Cost>> {
    let by = query.by.as_deref().unwrap_or("agent");
    let spent_by = match by {
        "agent" => SpentBy::Agent,
        "ticket" => SpentBy::Ticket,
        "model" => SpentBy::Model,
        "day" => SpentBy::Day,
        _ => {
            let by = legion_model::body::clip(by, 40);
            return Err(Fault::invalid(format!("costs are not kept by `{by}`; by agent, ticket, model or day")));
        }
    };
    let Spent { lines, total } = context.engine.spending(spent_by).await?;
    let lines = lines.into_iter().map(gateway::cost_line).collect();
    let beside_gateway_usd = context.engine.spent_beside_gateway().await?.dollars();
    Ok(Json(Cost { by: by.to_owned(), lines, total: gateway::cost_line(total), beside_gateway_usd }))
}
