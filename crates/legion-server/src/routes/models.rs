//! Models that can be asked for, and where programs ask for them.

use axum::Json;
use axum::extract::State;
use legion_api::{GatewayUrls, Model, ModelList, ProblemCode, paths};
use legion_gateway::KnownPrices;
use legion_model::authority::Verb;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::routes;

use crate::context::Shared;
use crate::fault::{Fault, Result};
use crate::governed::Routes;
use crate::guard::Caller;
use crate::query::{Params, ProjectQuery};

/// Billionths of a dollar.
const NANOS: f64 = 1e9;

pub(crate) fn routes() -> Routes {
    Routes::new().add(Verb::SeeModels, routes!(models)).add(Verb::CallModels, routes!(url))
}

/// Models that the providers are known to have, with their prices. For the person.
#[utoipa::path(
    get,
    path = paths::MODELS,
    tag = "models",
    operation_id = "models",
    params(ProjectQuery),
    responses((status = 200, body = ModelList))
)]
async fn models(State(context): State<Shared>, _: Params<ProjectQuery>) -> Result<Json<ModelList>> {
    let gateway = context.gateway()?;
    let settings = context.engine.gateway_settings();
    let prices = gateway.prices();
    let routed = settings.routes.iter().flat_map(|route| std::iter::once(&route.target).chain(&route.fallbacks));
    let routed = routed.filter_map(|target| Some((target.provider.clone(), target.model.clone()?)));
    let offered = settings
        .providers
        .values()
        .flat_map(|provider| provider.models.iter().map(|model| (provider.name.clone(), model.clone())));
    let all: std::collections::BTreeSet<(String, String)> = offered.chain(routed).collect();
    let models = all.into_iter().filter_map(|(provider, model)| {
        let card = prices.card(&settings, settings.providers.get(&provider)?, &model);
        let dollars = |nanos: u64| nanos as f64 / NANOS;
        Some(Model {
            input: card.as_ref().map(|card| dollars(card.price.input)),
            output: card.as_ref().map(|card| dollars(card.price.output)),
            context: card.and_then(|card| card.context),
            provider,
            model,
        })
    });
    Ok(Json(ModelList { models: models.collect(), prices: prices_of(&prices) }))
}

/// The table that is asked first, with its day.
fn prices_of(known: &KnownPrices) -> String {
    let table = known.updated.as_ref().unwrap_or(&known.shipped);
    format!("{}, {}", table.source, table.date)
}

/// The query of [`url`].
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct UrlQuery {
    /// A project: its directory, a path inside of it, or its id.
    #[expect(dead_code, reason = "the agent alone says which project is meant")]
    project: Option<String>,
    /// An agent whose process lives; the caller itself when absent. For others than oneself: the person.
    agent: Option<String>,
}

/// Base URLs of the gateway with the caller's own token in them, for any program. An agent gets its own only.
#[utoipa::path(
    get,
    path = paths::GATEWAY_URL,
    tag = "models",
    operation_id = "gateway_url",
    params(UrlQuery),
    responses((status = 200, body = GatewayUrls))
)]
async fn url(
    caller: Caller,
    State(context): State<Shared>,
    Params(query): Params<UrlQuery>,
) -> Result<Json<GatewayUrls>> {
    let asked = match &query.agent {
        None => caller.agent(),
        Some(agent) => Some(context.find(caller, agent).await?.living("called for")?),
    };
    if caller.agent().is_some() && asked != caller.agent() {
        return Err(Fault::new(ProblemCode::Forbidden, "an agent gets its own address of the gateway only"));
    }
    let token = match asked {
        None => context.person_token.clone(),
        Some((project, agent)) => context.engine.agent_token(project, agent).await?.ok_or_else(|| {
            Fault::new(ProblemCode::Conflict, "the agent has no process now: its address opens nothing")
                .hint("tell it something first")
        })?,
    };
    let (anthropic, openai) = context
        .engine
        .gateway_urls(&token)
        .ok_or_else(|| Fault::new(ProblemCode::Conflict, "the gateway does not listen"))?;
    Ok(Json(GatewayUrls { anthropic, openai }))
}
