//! How many tokens a request has: the provider says it where it can; else our own estimate, which is never low, and
//! which learns from what the provider says of other calls.

use std::sync::Arc;

use axum::body::Body;
use http::Response;
use legion_dialects::{Class, Dialect, count};

use crate::core::Core;
use crate::face::router::json;
use crate::lane::{Asked, Refusal, answer_headers, prepare, refuse};
use crate::route::plan;
use crate::upstream::Endpoint;

/// Bytes of such an answer.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

pub(super) async fn answer(core: &Arc<Core>, asked: Asked) -> Response<Body> {
    let plan = match plan(&asked.settings, &asked.caller, asked.asker(), &asked.head.model) {
        Ok(plan) => plan,
        Err(error) => return refuse(asked.dialect, Refusal::new(Class::NotFound, error.to_string()).for_good()),
    };
    let stop = &plan[0];
    let provider = &asked.settings.providers[&stop.provider];
    if asked.dialect == Dialect::Anthropic
        && provider.dialect == Dialect::Anthropic
        && (asked.is_replay() || core.governor.closed(&stop.provider, &stop.model).is_none())
        && let Ok(attempt) = prepare(&asked, provider, stop, None, Endpoint::CountTokens)
        && let Ok((answer, recorder)) = attempt.send(core, &asked, provider, &stop.model).await
        && answer.status.is_success()
    {
        let headers = answer_headers(&answer.headers, true);
        if let Ok(bytes) = answer.body.collect(ANSWER_BYTES_MAX, &asked.settings.limits).await {
            if let Some(mut recorder) = recorder {
                recorder.push(&bytes);
                recorder.complete();
            }
            if let Ok(text) = String::from_utf8(bytes.to_vec()) {
                let mut response = json(text);
                response.headers_mut().extend(headers);
                return response;
            }
        }
    }
    // A count that fails is worse than one that is a little high: programs decide by it when to shorten a conversation.
    let ours = count::estimate(asked.dialect, &asked.body);
    let tokens = core.learned.corrected(&stop.provider, &stop.model, ours);
    json(format!("{{\"input_tokens\":{tokens}}}"))
}
