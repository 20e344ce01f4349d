//! One file from an address that a person named. No key goes with it, and no redirection is followed.

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, USER_AGENT};
use http::{HeaderValue, Request, StatusCode};
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

use crate::settings::Limits;
use crate::upstream::address::{Address, AddressError};
use crate::upstream::client::fault;
use crate::upstream::connector::Connector;
use crate::upstream::fault::Fault;
use crate::upstream::origin::Origin;
use crate::upstream::source::Source;
use crate::upstream::tls;

const AGENT: HeaderValue = HeaderValue::from_static(concat!("legion/", env!("CARGO_PKG_VERSION")));
const PLAIN: HeaderValue = HeaderValue::from_static("identity");

/// Why a file could not be fetched.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DownloadError {
    #[error(transparent)]
    Address(#[from] AddressError),
    #[error("its address is none of the web: {0}")]
    Form(#[from] http::Error),
    #[error(transparent)]
    Fault(#[from] Fault),
    #[error("it was answered with {0}")]
    Status(StatusCode),
}

/// Fetches a file of at most `bytes_max` bytes. The caller bounds the time.
pub(crate) async fn download(url: &str, bytes_max: usize) -> Result<Bytes, DownloadError> {
    let limits = Limits::default();
    let address = Address::of_file(url)?;
    let tls = match &address.origin {
        Origin::Tcp { tls: true, .. } => Some(tls::client(None)?),
        _ => None,
    };
    let connector = Connector::new(address.origin.clone(), tls, limits.connect_patience);
    let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build::<_, Full<Bytes>>(connector);
    let request = Request::builder()
        .uri(address.file()?)
        .header(USER_AGENT, AGENT)
        .header(ACCEPT_ENCODING, PLAIN)
        .body(Full::new(Bytes::new()))?;
    let answer = client.request(request).await.map_err(fault)?;
    if answer.status() != StatusCode::OK {
        return Err(DownloadError::Status(answer.status()));
    }
    Ok(Source::Network(answer.into_body()).collect(bytes_max, &limits).await?)
}
