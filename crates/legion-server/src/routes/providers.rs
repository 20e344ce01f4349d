//! Providers of models.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use legion_api::{self as api, ProviderList, ProviderRequest, ProviderTest, paths};
use legion_gateway::{Authorization, Betas, Dialect, Origin, SecretStore, templates};
use legion_model::authority::Verb;
use legion_model::gateway::{Format, GatewayOrder, GatewayState, KeySource, Provider, ProviderName};
use utoipa_axum::routes;

use crate::change::{Change, Nothing};
use crate::context::{Context, Shared};
use crate::fault::{Fault, Result};
use crate::governed::Routes;
use crate::guard::Caller;
use crate::query::{Id, Params, ProjectQuery};
use crate::render::gateway;

pub(crate) fn routes() -> Routes {
    Routes::new()
        .add(Verb::SeeModels, routes!(providers))
        .add(Verb::SetUpModels, routes!(set))
        .add(Verb::SetUpModels, routes!(remove))
        .add(Verb::SetUpModels, routes!(test))
}

/// All providers, by name. For the person.
#[utoipa::path(
    get,
    path = paths::PROVIDERS,
    tag = "models",
    operation_id = "providers",
    params(ProjectQuery),
    responses((status = 200, body = ProviderList))
)]
async fn providers(State(context): State<Shared>, _: Params<ProjectQuery>) -> Result<Json<ProviderList>> {
    let now = context.engine.clock().now();
    let look = move |state: &GatewayState| {
        let list = state.providers.values();
        list.map(|known| gateway::provider(state, known, now, is_usable(known.format))).collect::<Vec<_>>()
    };
    let mut providers = context.engine.gateway_read(look).await?;
    for provider in &mut providers {
        provider.key_present |= context.has_key(&provider.name);
    }
    Ok(Json(ProviderList { providers }))
}

/// Makes or replaces a provider. For the person. As long as it is the only one, all calls that no route is about go to it; beside others,
/// only those that a route leads to it or that name it, as `PROVIDER/MODEL`.
#[utoipa::path(
    put,
    path = paths::PROVIDER,
    tag = "models",
    operation_id = "set_provider",
    params(("id" = String, Path, description = "Its name: small letters, digits, `-`, `_` and `.`"), ProjectQuery),
    request_body = ProviderRequest,
    responses((status = 200, body = api::Provider))
)]
async fn set(
    caller: Caller,
    State(context): State<Shared>,
    Id(id): Id,
    _: Params<ProjectQuery>,
    change: Change<ProviderRequest>,
) -> Result<Json<api::Provider>> {
    let Change { key, body: request } = change;
    let provider = provider(&id, &request)?;
    let origin = Origin::of(&provider.url).map_err(|error| Fault::invalid(error.to_string()))?;
    let gateway = context.gateway()?;
    let set = async {
        let name = provider.name.clone();
        // The order is decided before the key is stored: a provider that is refused gets none, and keeps the one that it has. That
        // one is for the address of before: until the new one is there, the gateway sends none to the new address.
        context.engine.gateway(caller.party(), GatewayOrder::SetProvider(provider)).await?;
        match request.key {
            Some(key) => gateway.secrets().set(name.as_str(), &origin, key.trim()),
            // One that it had before is of no use any more.
            None => gateway.secrets().remove(name.as_str()).map(drop),
        }
        .map_err(Fault::internal)?;
        gateway.reopen(name.as_str());
        shown(&context, &name).await
    };
    context.set_up.once(key, set).await.map(Json)
}

/// Removes a provider and its key. For the person.
#[utoipa::path(
    delete,
    path = paths::PROVIDER,
    tag = "models",
    operation_id = "remove_provider",
    params(("id" = String, Path, description = "Its name"), ProjectQuery),
    responses((status = 204, description = "It is gone"))
)]
async fn remove(
    caller: Caller,
    State(context): State<Shared>,
    Id(id): Id,
    _: Params<ProjectQuery>,
    change: Change<Nothing>,
) -> Result<StatusCode> {
    let name = name(&id)?;
    let gateway = context.gateway()?;
    let removed = async {
        context.engine.gateway(caller.party(), GatewayOrder::RemoveProvider(name.clone())).await?;
        gateway.secrets().remove(name.as_str()).map(drop).map_err(Fault::internal)
    };
    context.set_up.once(change.key, removed).await.map(|()| StatusCode::NO_CONTENT)
}

/// Asks a provider for its models: whether its address and its key are right. For the person.
#[utoipa::path(
    post,
    path = paths::PROVIDER_TEST,
    tag = "models",
    operation_id = "test_provider",
    params(("id" = String, Path, description = "Its name"), ProjectQuery),
    responses((status = 200, body = ProviderTest))
)]
async fn test(
    State(context): State<Shared>,
    Id(id): Id,
    _: Params<ProjectQuery>,
    _change: Change<Nothing>,
) -> Result<Json<ProviderTest>> {
    let name = name(&id)?;
    let settings = context.engine.gateway_settings();
    let Some(provider) = settings.providers.get(name.as_str()) else {
        // Either there is none, or its format is not spoken: both are said.
        let shown = shown(&context, &name).await?;
        return Err(Fault::invalid(format!("the gateway does not speak the format `{}` yet", shown.format)));
    };
    Ok(Json(match context.gateway()?.test(provider).await {
        Ok(tested) => ProviderTest { ok: true, error: None, models: tested.models, milliseconds: tested.milliseconds },
        Err(why) => ProviderTest { ok: false, error: Some(why), models: Vec::new(), milliseconds: 0 },
    }))
}

async fn shown(context: &Context, name: &ProviderName) -> Result<api::Provider> {
    let (now, wanted) = (context.engine.clock().now(), name.clone());
    let look = move |state: &GatewayState| {
        let known = state.providers.get(&wanted)?;
        Some(gateway::provider(state, known, now, is_usable(known.format)))
    };
    let mut provider = context
        .engine
        .gateway_read(look)
        .await?
        .ok_or_else(|| Fault::not_found(format!("there is no provider `{name}`")))?;
    provider.key_present |= context.has_key(&provider.name);
    Ok(provider)
}

fn name(text: &str) -> Result<ProviderName> {
    text.parse().map_err(Fault::invalid)
}

fn is_usable(format: Format) -> bool {
    !matches!(format, Format::Gemini | Format::Copilot)
}

/// What is asked for, over what the template says.
fn provider(id: &str, request: &ProviderRequest) -> Result<Provider> {
    let name = name(id)?;
    let template = match &request.template {
        None => None,
        Some(template) => Some(templates::find(template, id, request.url.as_deref()).ok_or_else(|| {
            Fault::invalid(format!("no template is called `{}`", legion_model::body::clip(template, 40)))
                .hint("one of: anthropic, anthropic-login, openai, openrouter, openrouter-chat, minimax, ollama, vllm")
        })?),
    };
    let format = match (&request.format, &template) {
        (Some(format), _) => format.parse().map_err(Fault::invalid)?,
        (None, Some(template)) => format_of(template.dialect),
        (None, None) => return Err(Fault::invalid("a provider needs a format, or a template")),
    };
    let url = request.url.clone().or_else(|| template.as_ref().map(|template| template.url.clone()));
    let url = url.ok_or_else(|| Fault::invalid("a provider needs a base URL, or a template"))?;
    let ways = [request.key.is_some(), request.key_env.is_some(), request.login];
    if ways.into_iter().filter(|given| *given).count() > 1 {
        return Err(Fault::invalid("a provider has one key: its variable, the key itself, or the caller's own login"));
    }
    if request.key.as_deref().is_some_and(|key| !SecretStore::is_key(key)) {
        // It may be one all the same: it is not repeated.
        return Err(Fault::invalid("the key is empty, too long, or has characters that no key has")
            .hint("it is one line of visible ASCII, as the provider shows it"));
    }
    let key = match (&request.key, &request.key_env, &template) {
        (Some(_), ..) => KeySource::Sealed,
        (_, Some(variable), _) => KeySource::Env(variable.clone()),
        _ if request.login => KeySource::Caller,
        (None, None, Some(template)) => match template.authorization {
            Authorization::Passthrough => KeySource::Caller,
            Authorization::None => KeySource::None,
            Authorization::Key(_) | Authorization::Bearer(_) => {
                return Err(Fault::invalid(format!("the provider `{name}` needs a key"))
                    .hint("give one with `--key-env VARIABLE` or `--key-stdin`"));
            }
        },
        (None, None, None) => KeySource::None,
    };
    let bearer = template.as_ref().is_some_and(|template| matches!(template.authorization, Authorization::Bearer(_)));
    let of_template = template.as_ref().and_then(|template| match &template.betas {
        // At another address it is Anthropic all the same: the template says so.
        Betas::Forward if template.dialect == Dialect::Anthropic => Some([Provider::ALL_BETAS.to_owned()].into()),
        Betas::Forward => None,
        Betas::Drop => Some(Default::default()),
        Betas::Only(only) => Some(only.iter().cloned().collect()),
    });
    Ok(Provider {
        bearer: request.bearer.unwrap_or(bearer),
        free: request.free.unwrap_or_else(|| template.as_ref().is_some_and(|template| template.free)),
        headers: request.headers.clone(),
        models: request.models.clone(),
        betas: request.betas.clone().or(of_template),
        ..Provider::new(name, format, url.trim_end_matches('/').to_owned(), key)
    })
}

fn format_of(dialect: Dialect) -> Format {
    match dialect {
        Dialect::Anthropic => Format::Anthropic,
        Dialect::Chat => Format::OpenaiChat,
        Dialect::Responses => Format::OpenaiResponses,
    }
}
