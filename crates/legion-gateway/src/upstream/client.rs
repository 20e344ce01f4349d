//! One pool of connections for each provider.

use std::collections::HashMap;
use std::error::Error;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use crate::settings::{Limits, Provider};
use crate::upstream::address::Address;
use crate::upstream::connector::Connector;
use crate::upstream::fault::Fault;
use crate::upstream::origin::Origin;
use crate::upstream::source::Source;
use crate::upstream::tls;

/// Connections that are kept for the next call, and for how long.
const IDLE_CONNECTIONS_MAX: usize = 64;
const IDLE_TIME: Duration = Duration::from_secs(60);

type Pool = Client<Connector, Full<Bytes>>;

/// A provider's answer, whose body has not been read.
pub(crate) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Source,
}

/// What a pool was made for: when it changes, so does the pool.
#[derive(Clone, PartialEq, Eq)]
struct Fingerprint {
    origin: Origin,
    authorities: Option<PathBuf>,
    patience: Duration,
}

/// The pools of all providers.
#[derive(Default)]
pub(crate) struct Clients {
    pools: Mutex<HashMap<String, (Fingerprint, Arc<Pool>)>>,
}

impl Clients {
    /// Sends a request to a provider and waits for the head of its answer.
    pub(crate) async fn send(
        &self,
        provider: &Provider,
        address: &Address,
        request: Request<Full<Bytes>>,
        limits: &Limits,
    ) -> Result<Answer, Fault> {
        let pool = self.pool(provider, address, limits)?;
        let after = limits.answer_patience;
        let answer = tokio::time::timeout(after, pool.request(request)).await;
        let answer = answer.map_err(|_| Fault::AnswerSlow { after })?.map_err(fault)?;
        let (head, body) = answer.into_parts();
        Ok(Answer { status: head.status, headers: head.headers, body: Source::Network(body) })
    }

    /// Forgets the pools of providers that are no longer set up.
    pub(crate) fn retain(&self, is_set_up: impl Fn(&str) -> bool) {
        let mut pools = self.pools.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        pools.retain(|name, _| is_set_up(name));
    }

    fn pool(&self, provider: &Provider, address: &Address, limits: &Limits) -> Result<Arc<Pool>, Fault> {
        let mut pools = self.pools.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some((made_for, pool)) = pools.get(&provider.name)
            && made_for.origin == address.origin
            && made_for.authorities == provider.authorities
            && made_for.patience == limits.connect_patience
        {
            return Ok(pool.clone());
        }
        let tls = match &address.origin {
            Origin::Tcp { tls: true, .. } => Some(tls::client(provider.authorities.as_deref())?),
            _ => None,
        };
        let connector = Connector::new(address.origin.clone(), tls, limits.connect_patience);
        let pool: Arc<Pool> = Arc::new(
            Client::builder(TokioExecutor::new())
                .pool_timer(TokioTimer::new())
                .pool_idle_timeout(IDLE_TIME)
                .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
                .build(connector),
        );
        let made_for = Fingerprint {
            origin: address.origin.clone(),
            authorities: provider.authorities.clone(),
            patience: limits.connect_patience,
        };
        pools.insert(provider.name.clone(), (made_for, pool.clone()));
        Ok(pool)
    }
}

/// Our own fault from within the client's error, or that the connection broke.
pub(super) fn fault(error: hyper_util::client::legacy::Error) -> Fault {
    let mut cause: Option<&(dyn Error + 'static)> = Some(&error);
    while let Some(next) = cause {
        if let Some(ours) = next.downcast_ref::<Fault>() {
            return ours.again();
        }
        cause = next.source();
    }
    Fault::Broken { source: Box::new(error) }
}

impl Fault {
    /// A connection's fault comes inside of another error and cannot be moved out of it.
    fn again(&self) -> Self {
        let same = |error: &std::io::Error| std::io::Error::new(error.kind(), error.to_string());
        match self {
            Self::Resolve { host, source } => Self::Resolve { host: host.clone(), source: same(source) },
            Self::Connect { place, source } => Self::Connect { place: place.clone(), source: same(source) },
            Self::Tls { host, why } => Self::Tls { host: host.clone(), why: why.clone() },
            Self::ConnectSlow { after } => Self::ConnectSlow { after: *after },
            other => Self::Broken { source: other.to_string().into() },
        }
    }
}
