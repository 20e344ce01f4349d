//! The face on streamable HTTP: no sessions, each request by itself, plain JSON answers.
//!
//! It authorises nobody: a layer in front has checked token, host and origin, and the caller it makes carries the caller's own token.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use http_body_util::combinators::BoxBody;
use hyper::body::Body;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use tokio_util::sync::CancellationToken;

use crate::Caller;
use crate::handler::{Handler, MakeCaller, Source};

/// A task has at most 1 MiB; JSON may write a byte as six.
const BODY_BYTES_MAX: usize = 8 * 1024 * 1024;

/// A tower service that speaks MCP. Mount it at one path, for every method: it answers GET and DELETE with 405.
#[derive(Clone)]
pub struct HttpFace(StreamableHttpService<Handler, NeverSessionManager>);

/// Makes the HTTP face. `make_caller` is asked once for each request that calls the service; `cancel` ends what is open.
pub fn http_service(
    make_caller: impl Fn(&Parts) -> Caller + Send + Sync + 'static,
    cancel: CancellationToken,
) -> HttpFace {
    let make_caller: MakeCaller = Arc::new(make_caller);
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_cancellation_token(cancel)
        .with_max_request_body_bytes(BODY_BYTES_MAX)
        // The layer in front knows which hosts are ours; a second list would only disagree with it.
        .disable_allowed_hosts();
    let make_handler = move || Ok(Handler::new(Source::Request(Arc::clone(&make_caller))));
    HttpFace(StreamableHttpService::new(make_handler, Arc::new(NeverSessionManager::default()), config))
}

impl<B> tower::Service<Request<B>> for HttpFace
where
    B: Body + Send + 'static,
    B::Error: std::fmt::Display,
    B::Data: Send + 'static,
{
    type Response = Response<BoxBody<Bytes, Infallible>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let face = self.0.clone();
        Box::pin(async move { Ok(face.handle(request).await) })
    }
}
