//! The gateway for model calls on listeners of its own. It asks for tokens itself; the names it is reached under are checked here.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use legion_engine::Engine;
use legion_gateway::Gateway;
use legion_runtime::TaskKind;
use tokio::net::{TcpListener, UnixListener};

use crate::context::Context;
use crate::fault::{Fault, Result};
use crate::hosts::Hosts;
use crate::places::{Places, Stranger};
use crate::serve::{CONNECTIONS_MAX, ForAgents, accept};

/// Serves the gateway until the engine's tasks are told to end. Returns at once. A socket has no name: whoever opens it is let in.
pub fn serve_gateway(engine: &Engine, gateway: &Gateway, listeners: Vec<TcpListener>, socket: Option<UnixListener>) {
    let addresses: Vec<SocketAddr> = listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect();
    let hosts = Arc::new(Hosts::new(&addresses, &[]));
    let (tasks, places) = (engine.tasks(), Arc::new(Places::new(CONNECTIONS_MAX)));
    let open = gateway.router().layer(from_fn(asks));
    let names = move |request: Request, next: Next| named(hosts.clone(), request, next);
    let router = open.clone().layer(from_fn(names));
    for listener in listeners {
        let (router, places, scope) = (router.clone(), places.clone(), tasks.clone());
        tasks.spawn(TaskKind::Listener, move |cancel| accept(listener, router, places, scope, cancel));
    }
    if let Some(listener) = socket {
        let (scope, listener) = (tasks.clone(), ForAgents::new(listener));
        tasks.spawn(TaskKind::Listener, move |cancel| accept(listener, open, places, scope, cancel));
    }
}

/// Whoever asks anything has its place: a call may take long, and is asked for its token by the gateway itself.
async fn asks(request: Request, next: Next) -> Response {
    let stranger = request.extensions().get::<Arc<Stranger>>().cloned();
    stranger.iter().for_each(|stranger| stranger.asks());
    let response = next.run(request).await;
    // A provider may say the same of its key: whoever is known then may have to open another connection, when all places are taken.
    if let Some(stranger) = stranger.filter(|_| response.status() == StatusCode::UNAUTHORIZED) {
        stranger.is_nobody();
    }
    response
}

/// A page of the web that had its name resolved to us says another host, and has an origin.
async fn named(hosts: Arc<Hosts>, request: Request, next: Next) -> Response {
    if is_ours(&hosts, &request) {
        return next.run(request).await;
    }
    Fault::invalid("the gateway is not known under this name").hint(format!("it is {}", hosts.own())).into_response()
}

fn is_ours(hosts: &Hosts, request: &Request) -> bool {
    let text = |name| request.headers().get(name).map(|value| value.to_str().unwrap_or_default());
    let host = text(header::HOST).or_else(|| request.uri().authority().map(|authority| authority.as_str()));
    host.is_some_and(|host| hosts.allows(host)) && text(header::ORIGIN).is_none_or(|origin| hosts.allows_origin(origin))
}

impl Context {
    /// The gateway, when there is one.
    pub(crate) fn gateway(&self) -> Result<&Gateway> {
        let none = || Fault::new(legion_api::ProblemCode::Conflict, "this service runs without its gateway");
        self.gateway.as_ref().ok_or_else(none)
    }

    /// Whether the key of a provider can be found.
    pub(crate) fn has_key(&self, provider: &str) -> bool {
        let settings = self.engine.gateway_settings();
        let known = settings.providers.get(provider);
        self.gateway.as_ref().zip(known).is_some_and(|(gateway, provider)| gateway.secrets().has(provider))
    }
}
