//! The models that may be asked for, in the caller's dialect.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::body::Body;
use http::Response;
use legion_dialects::{Class, Dialect};
use serde_json::{Value, json};

use crate::core::Core;
use crate::face::router;
use crate::lane::{Refusal, refuse};
use crate::prices::ModelCard;
use crate::settings::Settings;

/// Stands for the day that a model appeared on, which we do not know.
const CREATED_AT: &str = "1970-01-01T00:00:00Z";

pub(super) fn list(core: &Arc<Core>, dialect: Dialect) -> Response<Body> {
    let settings = core.directory.settings();
    let ids = ids(&settings);
    let data: Vec<Value> = ids.iter().map(|id| model(core, &settings, dialect, id)).collect();
    let value = match dialect {
        Dialect::Anthropic => {
            json!({ "data": data, "has_more": false, "first_id": ids.first(), "last_id": ids.last() })
        }
        Dialect::Chat | Dialect::Responses => json!({ "object": "list", "data": data }),
    };
    router::json(value.to_string())
}

pub(super) fn one(core: &Arc<Core>, dialect: Dialect, id: &str) -> Response<Body> {
    let settings = core.directory.settings();
    if !ids(&settings).contains(id) {
        return refuse(dialect, Refusal::new(Class::NotFound, format!("no provider has a model `{id}`")).for_good());
    }
    router::json(model(core, &settings, dialect, id).to_string())
}

/// `PROVIDER/MODEL` for each model of each provider, and the models that routes name.
fn ids(settings: &Settings) -> BTreeSet<String> {
    let own = settings
        .providers
        .values()
        .flat_map(|provider| provider.models.iter().map(move |model| format!("{}/{model}", provider.name)));
    let routed = settings.routes.iter().flat_map(|route| {
        std::iter::once(&route.target)
            .chain(&route.fallbacks)
            .filter_map(|target| Some(format!("{}/{}", target.provider, target.model.as_ref()?)))
            .chain(route.asked.iter().filter(|asked| !asked.ends_with('*')).cloned())
    });
    own.chain(routed).collect()
}

/// A model that may be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelView {
    pub provider: String,
    pub model: String,
    /// None: its price is not known.
    pub card: Option<ModelCard>,
}

/// The models of all providers, with what they cost.
pub(crate) fn all(core: &Core) -> Vec<ModelView> {
    let settings = core.directory.settings();
    let ids = ids(&settings);
    let prices = core.prices.known();
    let parts = ids.iter().filter_map(|id| id.split_once('/'));
    parts
        .filter_map(|(provider, model)| {
            let card = prices.card(&settings, settings.providers.get(provider)?, model);
            Some(ModelView { provider: provider.to_owned(), model: model.to_owned(), card })
        })
        .collect()
}

fn model(core: &Core, settings: &Settings, dialect: Dialect, id: &str) -> Value {
    let (provider, name) = id.split_once('/').unwrap_or(("", id));
    let card = settings.providers.get(provider).and_then(|provider| core.prices.known().card(settings, provider, name));
    let mut value = match dialect {
        Dialect::Anthropic => json!({ "type": "model", "id": id, "display_name": id, "created_at": CREATED_AT }),
        Dialect::Chat | Dialect::Responses => {
            json!({ "id": id, "object": "model", "created": 0, "owned_by": provider })
        }
    };
    if let Some(card) = card {
        for (name, tokens) in [("max_input_tokens", card.context), ("max_tokens", card.output_max)] {
            if let Some(tokens) = tokens {
                value[name] = tokens.into();
            }
        }
    }
    value
}
