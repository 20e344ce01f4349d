//! A service that lives in this process and is called without a socket.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tower::{Service, ServiceExt};

use crate::{Body, BoxError};

/// What a [`Handler`] returns.
pub type HandlerFuture<'a> = Pin<Box<dyn Future<Output = Response<Body>> + Send + 'a>>;

/// Answers requests inside this process.
pub trait Handler: Send + Sync + 'static {
    /// Answers one request. It never fails: a failure is an answer with a status.
    fn handle(&self, request: Request<Bytes>) -> HandlerFuture<'_>;
}

/// Lends a tower service, such as an axum router, as a handler.
pub fn lend<S, B>(service: S) -> Arc<dyn Handler>
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
    B: hyper::body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    Arc::new(Lent(service))
}

struct Lent<S>(S);

impl<S, B> Handler for Lent<S>
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
    B: hyper::body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    fn handle(&self, request: Request<Bytes>) -> HandlerFuture<'_> {
        let service = self.0.clone();
        Box::pin(async move {
            match service.oneshot(request.map(Full::new)).await {
                Ok(response) => response.map(|body| body.map_err(Into::into).boxed_unsync()),
                Err(never) => match never {},
            }
        })
    }
}
