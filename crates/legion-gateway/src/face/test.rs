//! Whether a provider can be reached with its key: asks for its models, which costs nothing.

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, AUTHORIZATION};
use http::{HeaderName, HeaderValue, Method, Request};
use http_body_util::Full;
use legion_dialects::{Dialect, error};
use serde_json::Value;

use crate::core::Core;
use crate::directory::Caller;
use crate::settings::{Authorization, Provider};
use crate::upstream::{Address, Endpoint};

const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;
const MODELS_MAX: usize = 1_000;

/// A provider that answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tested {
    /// Its models, at most a thousand.
    pub models: Vec<String>,
    pub milliseconds: u64,
}

pub(crate) async fn test(core: &Core, provider: &Provider) -> Result<Tested, String> {
    let began = core.clock.mono_ms();
    let limits = core.directory.settings().limits.clone();
    let address = Address::of(provider).map_err(|error| error.to_string())?;
    let uri = address.uri(provider.dialect, Endpoint::Models, None).map_err(|error| error.to_string())?;
    let mut request = Request::new(Full::new(Bytes::new()));
    *request.method_mut() = Method::GET;
    *request.uri_mut() = uri;
    let headers = request.headers_mut();
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    if provider.dialect == Dialect::Anthropic {
        headers.insert("anthropic-version", HeaderValue::from_static("2023-06-01"));
    }
    let (source, bearer) = match &provider.authorization {
        Authorization::None | Authorization::Passthrough => (None, false),
        Authorization::Key(source) => (Some(source), provider.dialect != Dialect::Anthropic),
        Authorization::Bearer(source) => (Some(source), true),
    };
    if let Some(source) = source {
        let (name, prefix) =
            if bearer { (AUTHORIZATION, "Bearer ") } else { (HeaderName::from_static("x-api-key"), "") };
        let header = core.secrets.header(&provider.name, source, &address.origin, prefix);
        let header = header.map_err(|missing| missing.to_string())?;
        // Only the person asks for this.
        let person = Caller { person: true, ..Caller::default() };
        core.directory.key_used(&person, &provider.name).await.map_err(|not| not.to_string())?;
        headers.insert(name, header);
    }
    let answer = core.clients.send(provider, &address, request, &limits).await.map_err(|fault| fault.to_string())?;
    let status = answer.status;
    let header = |name: &str| answer.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let header_values: Vec<(String, String)> =
        answer.headers.keys().filter_map(|name| Some((name.to_string(), header(name.as_str())?))).collect();
    let body = answer.body.collect(ANSWER_BYTES_MAX, &limits).await.map_err(|fault| fault.to_string())?;
    if !status.is_success() {
        let lookup = |name: &str| header_values.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        let found = error::classify(provider.dialect, status.as_u16(), &lookup, &body);
        // A login of the caller's own is not ours to show; that the provider asks for one means that it is there.
        if provider.authorization == Authorization::Passthrough && status == 401 {
            return Ok(Tested { models: Vec::new(), milliseconds: core.clock.mono_ms().saturating_sub(began) });
        }
        return Err(core.redactor.text(&format!("it answered {status}: {}", found.message)));
    }
    let value: Value = serde_json::from_slice(&body).map_err(|_| "its list of models is no JSON".to_owned())?;
    let models = value["data"]
        .as_array()
        .map(|data| data.iter().filter_map(|model| model["id"].as_str()).take(MODELS_MAX).map(str::to_owned).collect());
    Ok(Tested { models: models.unwrap_or_default(), milliseconds: core.clock.mono_ms().saturating_sub(began) })
}
