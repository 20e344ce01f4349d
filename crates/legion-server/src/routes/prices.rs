//! What models cost, and where that is known from.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use legion_api::{
    self as api, LongPromptPrice, ModelPrice, PriceList, PriceSource, PricesUpdateRequest, ProblemCode, TokenPrice,
    paths,
};
use legion_gateway::{KnownPrices, LITELLM_LIST, NewPrices, Price, PriceOrigin, Priced, PricesError, Settings};
use legion_model::authority::Verb;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::routes;

use crate::change::Change;
use crate::context::Shared;
use crate::fault::{Fault, Result};
use crate::governed::Routes;
use crate::query::{Params, ProjectQuery};

/// Stands for every provider.
const EVERY: &str = "*";

pub(crate) fn routes() -> Routes {
    Routes::new().add(Verb::SeeModels, routes!(prices)).add(Verb::SetUpModels, routes!(update))
}

/// The query of [`prices`].
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct PricesQuery {
    /// A project: its directory, a path inside of it, or its id.
    #[expect(dead_code, reason = "prices are those of the service")]
    project: Option<String>,
    /// Only of this provider, or of this seller of the tables.
    provider: Option<String>,
    /// Only models whose name holds this. With a provider that is set up, a model that is nowhere named is asked for, too.
    model: Option<String>,
}

/// What is known of prices: of the models of providers that are set up, of one's own, and of the tables. For the person.
#[utoipa::path(
    get,
    path = paths::PRICES,
    tag = "models",
    operation_id = "prices",
    params(PricesQuery),
    responses((status = 200, body = PriceList))
)]
async fn prices(State(context): State<Shared>, Params(query): Params<PricesQuery>) -> Result<Json<PriceList>> {
    let known = context.gateway()?.prices();
    let settings = context.engine.gateway_settings();
    let mut prices = of_providers(&known, &settings, &query);
    prices.extend(known.own().map(|(provider, model, price)| ModelPrice {
        provider: provider.unwrap_or(EVERY).to_owned(),
        model: model.to_owned(),
        set_up: false,
        origin: Some(PriceOrigin::Overlay.name().to_owned()),
        price: Some(shown(price)),
        long_prompts: Vec::new(),
    }));
    prices.extend(
        known.of_sellers().into_iter().map(|((seller, model), priced)| line(seller, model, false, Some(priced))),
    );
    prices.retain(|line| {
        query.provider.as_ref().is_none_or(|provider| line.provider == *provider)
            && query.model.as_ref().is_none_or(|model| line.model.contains(model.as_str()))
    });
    let own = known.own().count() as u64;
    let overlay = known.overlay_path.display().to_string();
    let own = (own > 0).then(|| PriceSource {
        origin: PriceOrigin::Overlay.name().to_owned(),
        source: overlay.clone(),
        date: None,
        models: own,
    });
    let tables = known.tables().map(|(table, origin)| PriceSource {
        origin: origin.name().to_owned(),
        source: table.source.clone(),
        date: Some(table.date.clone()),
        models: table.len() as u64,
    });
    let sources = own.into_iter().chain(tables).collect();
    Ok(Json(PriceList { prices, sources, overlay, problems: known.problems.clone() }))
}

/// Takes a new table of prices, which counts from the next call on. Where it fails, the old one stays. For the person.
#[utoipa::path(
    post,
    path = paths::PRICES_UPDATE,
    tag = "models",
    operation_id = "update_prices",
    params(ProjectQuery),
    request_body = PricesUpdateRequest,
    responses((status = 200, body = api::PricesUpdated))
)]
async fn update(
    State(context): State<Shared>,
    _: Params<ProjectQuery>,
    change: Change<PricesUpdateRequest>,
) -> Result<Json<api::PricesUpdated>> {
    let PricesUpdateRequest { url, list, name } = change.body;
    let from = match (url, list) {
        (Some(_), Some(_)) => return Err(Fault::invalid("prices come from an address or as a list, not both")),
        (None, Some(text)) => NewPrices::Text { text, name: name.unwrap_or_else(|| "a list".to_owned()) },
        (Some(url), None) => NewPrices::Url(url),
        (None, None) => NewPrices::Url(LITELLM_LIST.to_owned()),
    };
    let taken = context.gateway()?.update_prices(from).await.map_err(refused)?;
    Ok(Json(api::PricesUpdated {
        source: taken.source,
        date: taken.date,
        models: taken.models as u64,
        added: taken.added as u64,
        changed: taken.changed as u64,
    }))
}

fn refused(error: PricesError) -> Fault {
    let code = match error {
        PricesError::Fetch { .. } => ProblemCode::Conflict,
        PricesError::Address(_) | PricesError::List { .. } => ProblemCode::BadRequest,
        PricesError::Long { .. } => ProblemCode::TooLarge,
        PricesError::Write { .. } => return Fault::internal(error),
    };
    Fault::new(code, error.to_string()).hint("the prices are as they were; `legion prices` shows them")
}

/// The models that providers offer and that routes name, with the price that counts for their calls.
fn of_providers(known: &KnownPrices, settings: &Settings, query: &PricesQuery) -> Vec<ModelPrice> {
    let routed = settings.routes.iter().flat_map(|route| std::iter::once(&route.target).chain(&route.fallbacks));
    let routed = routed.filter_map(|target| Some((target.provider.as_str(), target.model.as_deref()?)));
    let offered = settings.providers.values().flat_map(|provider| {
        let (name, models) = (provider.name.as_str(), provider.models.iter().map(String::as_str));
        models.map(move |model| (name, model))
    });
    let asked = query.provider.as_deref().zip(query.model.as_deref());
    let mut all: BTreeSet<(&str, &str)> = offered.chain(routed).collect();
    // One that is nowhere named may be asked for all the same.
    let is_named = |asked: &(&str, &str)| all.iter().any(|(name, model)| *name == asked.0 && model.contains(asked.1));
    let asked = asked.filter(|asked| !is_named(asked));
    all.extend(asked);
    all.into_iter()
        .filter_map(|(name, model)| {
            let provider = settings.providers.get(name)?;
            Some(line(name, model, true, known.find(settings, provider, model)))
        })
        .collect()
}

fn line(provider: &str, model: &str, set_up: bool, priced: Option<Priced>) -> ModelPrice {
    let long = |priced: &Priced| {
        let tiers = priced.card.tiers.iter();
        tiers.map(|tier| LongPromptPrice { above: tier.above, price: shown(&tier.price) }).collect()
    };
    ModelPrice {
        provider: provider.to_owned(),
        model: model.to_owned(),
        set_up,
        origin: priced.as_ref().map(|priced| priced.origin.name().to_owned()),
        price: priced.as_ref().map(|priced| shown(&priced.card.price)),
        long_prompts: priced.as_ref().map(long).unwrap_or_default(),
    }
}

fn shown(price: &Price) -> TokenPrice {
    TokenPrice {
        input_nanos: price.input,
        output_nanos: price.output,
        cache_read_nanos: price.cache_read,
        cache_write_nanos: price.cache_write,
        cache_write_hour_nanos: price.cache_write_hour,
        reasoning_nanos: price.reasoning,
        web_search_nanos: price.web_search,
    }
}
