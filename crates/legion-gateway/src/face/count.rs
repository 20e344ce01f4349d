//! How many tokens a request has: the provider says it where it can; else our own estimate, which is never low, and
//! which learns from what the provider says of other calls.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::Response;
use legion_dialects::{Class, Dialect, count};

use crate::core::Core;
use crate::face::router::json;
use crate::lane::{Asked, Refusal, answer_headers, prepare, refuse};
use crate::route::{Stop, plan};
use crate::settings::Provider;
use crate::upstream::Endpoint;

/// How long a provider may take: programs wait for this before they go on, and our own estimate is there at once.
const PATIENCE: Duration = Duration::from_secs(3);
/// Bytes of such an answer.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

pub(super) async fn answer(core: &Arc<Core>, asked: Asked) -> Response<Body> {
    let plan = match plan(&asked.settings, &asked.caller, asked.asker(), &asked.head.model) {
        Ok(plan) => plan,
        Err(error) => return refuse(asked.dialect, Refusal::new(Class::NotFound, error.to_string()).for_good()),
    };
    let stop = &plan[0];
    let provider = &asked.settings.providers[&stop.provider];
    // Chat has no such question.
    let can_ask = asked.dialect == provider.dialect && asked.dialect != Dialect::Chat;
    if can_ask
        && (asked.is_replay() || core.governor.closed(&stop.provider, &stop.model).is_none())
        && let Ok(Some(counted)) = tokio::time::timeout(PATIENCE, ask(core, &asked, provider, stop)).await
    {
        return counted;
    }
    // A count that fails is worse than one that is a little high: programs decide by it when to shorten a conversation.
    let ours = count::estimate(asked.dialect, &asked.body);
    let tokens = core.learned.corrected(&stop.provider, &stop.model, ours);
    json(format!("{{\"input_tokens\":{tokens}}}"))
}

/// What the provider says. That it does not answer says nothing about its lane: this question has limits of its own.
async fn ask(core: &Core, asked: &Asked, provider: &Provider, stop: &Stop) -> Option<Response<Body>> {
    let past = core.upstreams.past(asked, provider, false, core.clock.mono_ms());
    let attempt = prepare(asked, provider, stop, None, Endpoint::CountTokens, past).ok()?;
    let (answer, recorder) = attempt.send(core, asked, provider, &stop.model).await.ok()?;
    if !answer.status.is_success() {
        return None;
    }
    let headers = answer_headers(&answer.headers, true);
    let bytes = answer.body.collect(ANSWER_BYTES_MAX, &asked.settings.limits).await.ok()?;
    if let Some(mut recorder) = recorder {
        recorder.push(&bytes);
        recorder.complete();
    }
    let mut response = json(String::from_utf8(bytes.to_vec()).ok()?);
    response.headers_mut().extend(headers);
    Some(response)
}
