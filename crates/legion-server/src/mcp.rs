//! The MCP endpoint: behind the guard, and its calls go through the same router under the caller's own token.

use std::sync::Arc;

use axum::Router;
use axum::extract::Query;
use axum::routing::any_service;
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, Request, header};
use legion_api::paths;
use legion_client::{Client, Handler, HandlerFuture, Transport, lend};
use legion_mcp::http_service;
use legion_model::Party;
use legion_model::authority::Verb;
use serde::Deserialize;

use crate::context::Shared;
use crate::governed::governed;
use crate::guard::Caller;

/// The endpoint. `rest` is the router that its tools call.
pub(crate) fn routes(context: &Shared, rest: Router) -> Router<Shared> {
    let host = HeaderValue::from_str(context.hosts.own()).expect("an address is a header value");
    let inside: Arc<dyn Handler> = Arc::new(Inside { host, rest: lend(rest) });
    let clock = context.engine.clock();
    let clock: legion_mcp::Clock = Arc::new(move || clock.now());
    let make_caller = move |head: &Parts| legion_mcp::Caller {
        client: client(&inside, head),
        id: head.extensions.get::<Caller>().map_or(Party::Root, |caller| caller.party()).to_string(),
        clock: clock.clone(),
        project: Query::<Place>::try_from_uri(&head.uri).ok().and_then(|place| place.0.project),
    };
    let face = any_service(http_service(make_caller, context.engine.tasks().cancelled()));
    Router::new().route(paths::MCP, governed(Verb::UseTools, face))
}

/// What the address of the endpoint may say, as `/mcp?project=DIR`: where a person stands. Agents' tokens say it.
#[derive(Debug, Deserialize)]
struct Place {
    project: Option<String>,
}

/// A client with the token of a request. Without one that can be read, its calls are refused like any other's.
fn client(inside: &Arc<dyn Handler>, head: &Parts) -> Client {
    let value = head.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = value.and_then(|value| value.split_once(' ')).map(|(_, token)| token.trim());
    let transport = || Transport::InProcess(inside.clone());
    Client::new(transport(), token)
        .or_else(|_| Client::new(transport(), None))
        .expect("a client without a token can always be made")
}

/// The router of this very process, called by its own name.
struct Inside {
    host: HeaderValue,
    rest: Arc<dyn Handler>,
}

impl Handler for Inside {
    fn handle(&self, mut request: Request<Bytes>) -> HandlerFuture<'_> {
        request.headers_mut().insert(header::HOST, self.host.clone());
        self.rest.handle(request)
    }
}
