//! The client and what it knows about its service.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::HeaderValue;

use crate::connection::Connections;
use crate::{ClientError, Endpoint, Environment, Patience, Transport};

/// How long the service may take to answer one call. Most take milliseconds; ending processes takes up to 10 s.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);

/// A client of one service. Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct Client {
    pub(crate) shared: Arc<Shared>,
    pub(crate) patience: Patience,
    pub(crate) call_timeout: Duration,
}

/// Where the calls go now.
pub(crate) struct Target {
    pub(crate) transport: Transport,
    pub(crate) host: HeaderValue,
    pub(crate) bearer: Option<HeaderValue>,
    pub(crate) connections: Connections,
    endpoint: Option<Endpoint>,
}

pub(crate) struct Shared {
    target: Mutex<Arc<Target>>,
    /// Where to look again when the service is gone.
    environment: Option<Environment>,
    reached: AtomicBool,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("url", &self.url()).field("patience", &self.patience).finish_non_exhaustive()
    }
}

impl Client {
    /// A client over a transport, with the bearer token of the caller.
    pub fn new(transport: Transport, token: Option<&str>) -> Result<Self, ClientError> {
        Ok(Self::over(Target::new(transport, token, None)?, None))
    }

    /// A client of an endpoint that does not move.
    pub fn to(endpoint: &Endpoint) -> Result<Self, ClientError> {
        Ok(Self::over(Target::at(endpoint)?, None).with_patience(Patience::command_line(&endpoint.found)))
    }

    /// A client that finds its service by itself, and looks again whenever it cannot be reached: a restarted service may listen elsewhere.
    pub fn rediscovering(environment: Environment) -> Result<Self, ClientError> {
        let endpoint = Endpoint::discover(&environment)?;
        let patience = Patience::command_line(&endpoint.found);
        Ok(Self::over(Target::at(&endpoint)?, Some(environment)).with_patience(patience))
    }

    fn over(target: Target, environment: Option<Environment>) -> Self {
        let shared = Shared { target: Mutex::new(Arc::new(target)), environment, reached: AtomicBool::new(false) };
        Self { shared: Arc::new(shared), patience: Patience::NONE, call_timeout: CALL_TIMEOUT }
    }

    /// Says how long calls are repeated while the service cannot be reached.
    #[must_use]
    pub fn with_patience(mut self, patience: Patience) -> Self {
        self.patience = patience;
        self
    }

    /// Says how long the service may take to answer one call.
    #[must_use]
    pub fn with_call_timeout(mut self, timeout: Duration) -> Self {
        self.call_timeout = timeout;
        self
    }

    /// Where the calls go now.
    pub fn url(&self) -> String {
        self.shared.target().transport.url()
    }
}

impl Target {
    fn new(transport: Transport, token: Option<&str>, endpoint: Option<Endpoint>) -> Result<Self, ClientError> {
        let host = HeaderValue::from_str(&transport.authority())
            .map_err(|_| ClientError::Invalid { what: format!("`{}` has no usable host", transport.url()) })?;
        let bearer = token.map(bearer).transpose()?;
        Ok(Self { transport, host, bearer, connections: Connections::default(), endpoint })
    }

    fn at(endpoint: &Endpoint) -> Result<Self, ClientError> {
        Self::new(Transport::parse(&endpoint.url)?, endpoint.token.as_deref(), Some(endpoint.clone()))
    }
}

fn bearer(token: &str) -> Result<HeaderValue, ClientError> {
    let mut value = HeaderValue::from_str(&format!("Bearer {token}"))
        .map_err(|_| ClientError::Invalid { what: "the token holds characters that no token has".to_owned() })?;
    value.set_sensitive(true);
    Ok(value)
}

impl Shared {
    pub(crate) fn target(&self) -> Arc<Target> {
        Arc::clone(&self.target.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn reached(&self) {
        self.reached.store(true, Ordering::Relaxed);
    }

    pub(crate) fn was_reached(&self) -> bool {
        self.reached.load(Ordering::Relaxed)
    }

    /// Looks where the service is now. What cannot be read leaves things as they are: the files are being written, most likely.
    pub(crate) fn rediscover(&self) {
        let Some(environment) = &self.environment else { return };
        let Ok(endpoint) = Endpoint::rediscover(environment) else { return };
        if self.target().endpoint.as_ref() == Some(&endpoint) {
            return;
        }
        if let Ok(target) = Target::at(&endpoint) {
            *self.target.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(target);
        }
    }
}
