//! The guard before everything: where a request comes from, who sends it, and how much of it there is.
//!
//! It stands around the whole router with its fallback. No handler is reached without it, and only it makes a [`Caller`].

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::FutureExt;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use legion_api::{Problem, ProblemCode, paths};
use legion_engine::TokenOf;
use legion_gateway::HeldBody;
use legion_model::{AgentId, Party, ProjectId};
use legion_runtime::{Place, constant_time_eq};

use crate::audit::{self, Who};
use crate::context::{Context, Shared};
use crate::fault::{Fault, Result};
use crate::places::Stranger;

/// Bytes of a body. A task has at most 1 MiB, and JSON may write each of its bytes with six (`\u0001`).
const BODY_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Bytes of a plan. It may have 10,000 tickets.
const PLAN_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Bytes of a body that is too large which are read and dropped, so that its sender gets to read why.
const DRAIN_BYTES_MAX: usize = 64 * 1024 * 1024;
/// How long a body may take to come.
const BODY_PATIENCE: Duration = Duration::from_secs(30);
/// Names and values of all headers together.
const HEADER_BYTES_MAX: usize = 16 * 1024;

/// Who sends a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Caller {
    agent: Option<(ProjectId, AgentId)>,
}

impl Caller {
    pub(crate) fn party(self) -> Party {
        self.agent.map_or(Party::Root, |(_, agent)| Party::Agent(agent))
    }

    /// The one project that an agent belongs to; the person has them all.
    pub(crate) fn project(self) -> Option<ProjectId> {
        self.agent.map(|(project, _)| project)
    }

    pub(crate) fn agent(self) -> Option<(ProjectId, AgentId)> {
        self.agent
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Fault;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        parts.extensions.get().copied().ok_or_else(unauthorized)
    }
}

/// Lets a request through, or answers it. A handler that panics is answered for, and every refusal is remembered.
pub(crate) async fn guard(State(context): State<Shared>, request: Request, next: Next) -> Response {
    let asked = format!("{} {}", request.method(), request.uri().path());
    let stranger = request.extensions().get::<Arc<Stranger>>().cloned();
    stranger.iter().for_each(|stranger| stranger.asks());
    let (mut who, mut taken) = (None, None);
    let mut response = match check(&context, request, &mut who, &mut taken).await {
        Ok(request) => match AssertUnwindSafe(next.run(request)).catch_unwind().await {
            Ok(response) => response,
            Err(_) => Fault::internal("a handler panicked; the service goes on").into_response(),
        },
        Err(fault) => fault.into_response(),
    };
    if let (Some(stranger), None) = (stranger, &who) {
        stranger.is_nobody();
    }
    let problem = response.extensions_mut().remove::<Arc<Problem>>();
    if let Some(problem) = problem.filter(|problem| audit::is_refusal(problem)) {
        audit::refused(&context, who, asked, &problem).await;
    }
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    match taken {
        // An answer that runs on, such as one of events, is one of its agent's as long as it does.
        Some(place) => response.map(|body| Body::new(HeldBody::new(body, place))),
        None => response,
    }
}

async fn check(
    context: &Shared,
    request: Request,
    who: &mut Who,
    taken: &mut Option<Place<AgentId>>,
) -> Result<Request> {
    let (mut parts, body) = request.into_parts();
    check_size(&parts.headers)?;
    check_origin(context, &parts)?;
    if parts.method == Method::GET && parts.uri.path() == paths::HEALTH {
        return Ok(Request::from_parts(parts, Body::empty()));
    }
    let caller = caller(context, &parts.headers, who).await?;
    *who = Some((caller.project(), caller.party()));
    *taken = place(context, caller)?;
    parts.extensions.insert(caller);
    parts.extensions.insert(context.clone());
    let body = read_body(&parts.headers, body, bytes_max(parts.uri.path())).await?;
    if !body.is_empty() && !is_json(&parts.headers) {
        return Err(Fault::invalid("the body must be JSON").hint("send the header `Content-Type: application/json`"));
    }
    Ok(Request::from_parts(parts, Body::from(body)))
}

fn check_size(headers: &HeaderMap) -> Result<()> {
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if bytes > HEADER_BYTES_MAX {
        return Err(Fault::new(
            ProblemCode::TooLarge,
            format!("the headers have {bytes} bytes; at most {HEADER_BYTES_MAX} are allowed"),
        ));
    }
    Ok(())
}

/// The agent's place among its own requests. An agent that has more than its share is refused before anything else is done for it.
fn place(context: &Context, caller: Caller) -> Result<Option<Place<AgentId>>> {
    let Some((_, agent)) = caller.agent() else { return Ok(None) };
    let taken = context.shares.take(agent, context.engine.clock().mono_ms());
    taken.map(Some).map_err(|exceeded| {
        let hint =
            "wait as long as `Retry-After` says; to be told of what happens, listen to `/v1/events` or wait for a run";
        Fault::new(ProblemCode::Busy, exceeded.to_string()).hint(hint).after(exceeded.wait())
    })
}

/// Refuses web pages of other origins, and names that were made to point here.
fn check_origin(context: &Context, parts: &Parts) -> Result<()> {
    let foreign = |what: String| Fault::new(ProblemCode::ForeignOrigin, what);
    let ours = |host: &str| context.hosts.allows(host);
    let host = single(&parts.headers, header::HOST.as_str()).filter(|host| ours(host));
    if host.is_none() || parts.uri.authority().is_some_and(|authority| !ours(authority.as_str())) {
        let names = format!("this service is reached as `{}`", context.hosts.own());
        return Err(foreign("the request is for another host".to_owned()).hint(names));
    }
    if parts.headers.contains_key(header::ORIGIN)
        && !single(&parts.headers, header::ORIGIN.as_str()).is_some_and(|origin| context.hosts.allows_origin(origin))
    {
        return Err(foreign("the request comes from a web page of another origin".to_owned()));
    }
    match parts.headers.get("sec-fetch-site").map(HeaderValue::as_bytes) {
        None | Some(b"same-origin" | b"none") => Ok(()),
        Some(_) => Err(foreign("the request comes from a web page of another site".to_owned())),
    }
}

/// The value of a header that may stand there once.
fn single<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    if values.next().is_some() { None } else { value.to_str().ok() }
}

async fn caller(context: &Context, headers: &HeaderMap, who: &mut Who) -> Result<Caller> {
    let value = single(headers, header::AUTHORIZATION.as_str()).ok_or_else(unauthorized)?;
    let (scheme, token) = value.split_once(' ').ok_or_else(unauthorized)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(unauthorized());
    }
    let token = token.trim();
    if constant_time_eq(token, &context.person_token) {
        return Ok(Caller { agent: None });
    }
    match context.engine.agent_of_token(token).await {
        TokenOf::Agent(project, agent) => Ok(Caller { agent: Some((project, agent)) }),
        TokenOf::Formerly(project, agent) => {
            *who = Some((Some(project), agent.into()));
            Err(unauthorized())
        }
        TokenOf::Nobody => Err(unauthorized()),
    }
}

pub(crate) fn unauthorized() -> Fault {
    Fault::new(ProblemCode::Unauthorized, "the request has no token that opens anything").hint(
        "send `Authorization: Bearer TOKEN`; the person's token lies in the file `token` of the data directory, an agent has its own \
         for as long as its process runs",
    )
}

fn is_json(headers: &HeaderMap) -> bool {
    single(headers, header::CONTENT_TYPE.as_str())
        .and_then(|kind| kind.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

/// How long the body of a request may be.
pub(crate) fn bytes_max(path: &str) -> usize {
    if path == paths::PLANS { PLAN_BYTES_MAX } else { BODY_BYTES_MAX }
}

async fn read_body(headers: &HeaderMap, mut body: Body, bytes_max: usize) -> Result<Bytes> {
    let declared = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    let reading = async {
        if declared.is_none_or(|length| length <= bytes_max) {
            match Limited::new(&mut body, bytes_max).collect().await {
                Ok(collected) => return Ok(collected.to_bytes()),
                Err(error) if error.is::<LengthLimitError>() => {}
                Err(error) => return Err(Fault::invalid(format!("the body could not be read: {error}"))),
            }
        }
        drain(&mut body).await;
        Err(Fault::new(ProblemCode::TooLarge, format!("the body has more than {bytes_max} bytes"))
            .hint("a task or message has at most 1 MiB: put the long part into a file and name the file"))
    };
    let late = || Fault::invalid(format!("the body did not come within {} s", BODY_PATIENCE.as_secs()));
    tokio::time::timeout(BODY_PATIENCE, reading).await.unwrap_or_else(|_| Err(late()))
}

/// Reads what is still coming: a connection that is closed with bytes unread is reset, and the answer is lost with it.
async fn drain(body: &mut Body) {
    let mut left = DRAIN_BYTES_MAX;
    while let Some(Ok(frame)) = body.frame().await {
        let bytes = frame.data_ref().map_or(0, Bytes::len);
        left = left.saturating_sub(bytes);
        if left == 0 {
            return;
        }
    }
}
