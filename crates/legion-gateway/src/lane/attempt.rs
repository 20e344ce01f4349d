//! One request to one provider, ready to be sent.

use std::borrow::Cow;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request};
use http_body_util::Full;
use legion_dialects::translate::{Memory, Target};
use legion_dialects::{Dialect, Refused, beta, translate};

use crate::cassette::{Question, Recorder};
use crate::core::Core;
use crate::lane::asked::Asked;
use crate::lane::headers::request_headers;
use crate::lane::upstreams::Past;
use crate::prices::ModelCard;
use crate::route::Stop;
use crate::settings::{Authorization, Betas, CassetteMode, Provider};
use crate::upstream::{Address, Answer, Endpoint, Fault, Origin};

const ANTHROPIC_KEY: HeaderName = HeaderName::from_static("x-api-key");
const ANTHROPIC_VERSION: HeaderName = HeaderName::from_static("anthropic-version");
const ANTHROPIC_BETA: HeaderName = HeaderName::from_static("anthropic-beta");
/// What a caller of another dialect means.
const VERSION: HeaderValue = HeaderValue::from_static("2023-06-01");

/// A request without its key, and what is needed to read its answer.
pub(crate) struct Attempt {
    pub endpoint: Endpoint,
    pub headers: HeaderMap,
    pub body: Bytes,
    pub memory: Memory,
    pub warnings: Vec<String>,
    pub past: Past,
}

/// Writes the request for a provider.
pub(crate) fn prepare(
    asked: &Asked,
    provider: &Provider,
    stop: &Stop,
    card: Option<&ModelCard>,
    endpoint: Endpoint,
    past: Past,
) -> Result<Attempt, Refused> {
    let target = Target { foreign_turns: past.foreign, ..target(asked, provider, stop, card) };
    let across = asked.dialect != provider.dialect;
    let (body, lost, memory) = if across {
        let translated = translate::request(asked.dialect, provider.dialect, &asked.body, &target)?;
        (Bytes::from(translated.body), translated.warnings, translated.memory)
    } else {
        let forwarded = translate::forward(asked.dialect, &asked.body, &asked.head, &target)?;
        let body = match forwarded.body {
            Cow::Borrowed(_) => asked.body.clone(),
            Cow::Owned(body) => Bytes::from(body),
        };
        (body, forwarded.warnings, forwarded.memory)
    };
    let mut warnings: Vec<String> = lost.iter().map(ToString::to_string).collect();
    let mut headers = request_headers(&asked.headers, across);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if provider.dialect == Dialect::Anthropic {
        headers.entry(ANTHROPIC_VERSION).or_insert(VERSION);
    }
    if let Some(value) = headers.remove(ANTHROPIC_BETA) {
        let value = value.to_str().unwrap_or_default();
        let (kept, lost) = beta::header(value, &target);
        warnings.extend(lost.iter().map(ToString::to_string));
        if let Some(value) = kept.and_then(|kept| HeaderValue::try_from(kept).ok()) {
            headers.insert(ANTHROPIC_BETA, value);
        }
    }
    for (name, value) in &provider.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    }
    Ok(Attempt { endpoint, headers, body, memory, warnings, past })
}

impl Attempt {
    /// Of a call that never came to one.
    pub(super) fn empty() -> Self {
        Self {
            endpoint: Endpoint::Generate,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            memory: Memory::default(),
            warnings: Vec::new(),
            past: Past::default(),
        }
    }

    /// Sends it, or answers it from a record. The recorder is there when the call is recorded.
    pub(crate) async fn send(
        &self,
        core: &Core,
        asked: &Asked,
        provider: &Provider,
        model: &str,
    ) -> Result<(Answer, Option<Recorder>), Fault> {
        let settings = &asked.settings;
        let address = Address::of(provider).map_err(|error| Fault::Address(error.to_string()))?;
        let uri = address
            .uri(provider.dialect, self.endpoint, asked.query.as_deref().filter(|_| asked.dialect == provider.dialect))
            .map_err(|error| Fault::Address(error.to_string()))?;
        let path = uri.path().to_owned();
        let question = Question {
            provider: &provider.name,
            model,
            dialect: provider.dialect,
            path: &path,
            headers: &self.headers,
            body: &self.body,
        };
        let mut recorder = match &settings.cassette {
            CassetteMode::Off => None,
            CassetteMode::Record { name } => core.cassettes.record(name, &question),
            CassetteMode::Replay { name, matching, pace } => {
                return Ok((core.cassettes.play(name, &question, *matching, *pace).await?, None));
            }
        };
        let mut request = Request::new(Full::new(self.body.clone()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = uri;
        *request.headers_mut() = self.headers.clone();
        request.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(self.body.len()));
        authorize(request.headers_mut(), core, asked, provider, &address.origin).await?;
        let answer = core.clients.send(provider, &address, request, &settings.limits).await?;
        if let Some(recorder) = &mut recorder {
            recorder.answered(answer.status.as_u16(), &answer.headers);
        }
        Ok((answer, recorder))
    }
}

/// Puts the key in. The last thing before sending; the connection that it goes to knows its own provider's address only, and the key
/// is for that one: a call holds the settings of its beginning, and the key is the one of now. No key is used that the audit does not tell
/// of.
async fn authorize(
    headers: &mut HeaderMap,
    core: &Core,
    asked: &Asked,
    provider: &Provider,
    origin: &Origin,
) -> Result<(), Fault> {
    let (source, bearer) = match &provider.authorization {
        Authorization::None => return Ok(()),
        Authorization::Passthrough => {
            if !asked.own_login || asked.dialect != provider.dialect {
                return Err(Fault::NoLogin);
            }
            for name in [AUTHORIZATION, ANTHROPIC_KEY] {
                if let Some(value) = asked.headers.get(&name) {
                    let mut value = value.clone();
                    value.set_sensitive(true);
                    headers.insert(name, value);
                }
            }
            return Ok(());
        }
        Authorization::Key(source) => (source, provider.dialect != Dialect::Anthropic),
        Authorization::Bearer(source) => (source, true),
    };
    let (name, prefix) = if bearer { (AUTHORIZATION, "Bearer ") } else { (ANTHROPIC_KEY, "") };
    let header = core.secrets.header(&provider.name, source, origin, prefix).map_err(Fault::NoKey)?;
    core.directory.key_used(&asked.caller, &provider.name).await?;
    headers.insert(name, header);
    Ok(())
}

fn target(asked: &Asked, provider: &Provider, stop: &Stop, card: Option<&ModelCard>) -> Target {
    Target {
        provider: provider.name.clone(),
        model: stop.model.clone(),
        anthropic_itself: is_anthropic_itself(provider),
        betas: match &provider.betas {
            Betas::Only(flags) => flags.clone(),
            Betas::Forward | Betas::Drop => Vec::new(),
        },
        output_tokens_max: card.and_then(|card| card.output_max),
        cache_control: provider.url.contains("openrouter.ai"),
        inline_thinking: ["api.minimax.io", "api.minimaxi.com"].iter().any(|host| provider.url.contains(host)),
        reasoning_content: ["api.deepseek.com", "moonshot.ai"].iter().any(|host| provider.url.contains(host)),
        cache_key: asked.program_session().or_else(|| asked.caller.session.clone()),
        cache_markers: is_anthropic_itself(provider),
        ..Target::default()
    }
}

/// Its requests go on byte by byte: it is Anthropic, or leads to it.
pub(super) fn is_anthropic_itself(provider: &Provider) -> bool {
    provider.dialect == Dialect::Anthropic && provider.betas == Betas::Forward
}
