//! Connections to one provider. A connector knows its provider's address and no other: whatever a request says, it goes there.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;

use crate::upstream::fault::Fault;
use crate::upstream::origin::Origin;

/// Addresses of one name that are tried.
const ADDRESSES_MAX: usize = 4;

#[derive(Clone)]
pub(crate) struct Connector {
    origin: Arc<Origin>,
    tls: Option<Arc<ClientConfig>>,
    patience: Duration,
}

impl Connector {
    /// `tls` must be there for a place that wants it.
    pub(crate) fn new(origin: Origin, tls: Option<Arc<ClientConfig>>, patience: Duration) -> Self {
        Self { origin: Arc::new(origin), tls, patience }
    }

    async fn connect(self) -> Result<Link, Fault> {
        let after = self.patience;
        let connecting = async {
            match &*self.origin {
                Origin::Unix(path) => {
                    let stream = UnixStream::connect(path).await;
                    let place = path.display().to_string();
                    Ok(Link::new(stream.map_err(|source| Fault::Connect { place, source })?))
                }
                Origin::Tcp { host, port, .. } => {
                    let stream = tcp(host, *port, after).await?;
                    match &self.tls {
                        None => Ok(Link::new(stream)),
                        Some(config) => secure(stream, host, config.clone()).await,
                    }
                }
            }
        };
        tokio::time::timeout(after, connecting).await.unwrap_or(Err(Fault::ConnectSlow { after }))
    }
}

async fn tcp(host: &str, port: u16, patience: Duration) -> Result<TcpStream, Fault> {
    tracing::debug!(host, port, "a provider's name is looked up");
    let resolve = |source| Fault::Resolve { host: host.to_owned(), source };
    let addresses: Vec<_> = tokio::net::lookup_host((host, port)).await.map_err(resolve)?.take(ADDRESSES_MAX).collect();
    let each = patience / u32::try_from(addresses.len().max(1)).unwrap_or(1);
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in addresses {
        match tokio::time::timeout(each, TcpStream::connect(address)).await {
            // An event that waits for its predecessor's acknowledgement is forty milliseconds late.
            Ok(Ok(stream)) => match stream.set_nodelay(true) {
                Ok(()) => return Ok(stream),
                Err(error) => last = error,
            },
            Ok(Err(error)) => last = error,
            Err(_) => last = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(Fault::Connect { place: format!("{host}:{port}"), source: last })
}

async fn secure(stream: TcpStream, host: &str, config: Arc<ClientConfig>) -> Result<Link, Fault> {
    let fail = |why: String| Fault::Tls { host: host.to_owned(), why };
    let name = ServerName::try_from(host.to_owned()).map_err(|error| fail(error.to_string()))?;
    let stream = TlsConnector::from(config).connect(name, stream).await.map_err(|error| fail(error.to_string()))?;
    Ok(Link::new(stream))
}

impl tower::Service<Uri> for Connector {
    type Response = Link;
    type Error = Fault;
    type Future = Pin<Box<dyn Future<Output = Result<Link, Fault>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        Box::pin(self.clone().connect())
    }
}

trait Bytes: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Bytes for T {}

/// A connection, whatever it is made of.
pub(crate) struct Link(TokioIo<Box<dyn Bytes>>);

impl Link {
    fn new(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> Self {
        Self(TokioIo::new(Box::new(stream)))
    }
}

impl Connection for Link {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl Read for Link {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl Write for Link {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(context, slices)
    }
}
