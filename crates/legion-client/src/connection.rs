//! Connections: made within a bound, kept warm between calls.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

use crate::{Body, BoxError, Transport};

/// A service on this machine accepts within microseconds; one that does not within this time is stuck.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Warm connections kept. One serves a sequence of calls; more are for calls made side by side.
const IDLE_MAX: usize = 4;

type Sender = SendRequest<Full<Bytes>>;

/// How far a request got.
#[derive(Debug)]
pub(crate) enum ExchangeError {
    /// No connection could be made: the service has not seen the request.
    NotConnected(BoxError),
    /// The connection broke: the service may have acted.
    Lost(BoxError),
}

/// Connections to one address that wait for the next call.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    idle: Mutex<Vec<Sender>>,
}

/// An answer, and the connection that is free again once its body is read.
pub(crate) struct Exchanged {
    pub(crate) response: Response<Body>,
    sender: Option<Sender>,
}

impl Connections {
    /// Sends a request and waits for the head of the answer.
    ///
    /// A warm connection that the service has closed meanwhile is replaced without a word, but only when `reuse` allows to send the
    /// request again after a break.
    pub(crate) async fn exchange(
        &self,
        transport: &Transport,
        request: Request<Bytes>,
        reuse: bool,
    ) -> Result<Exchanged, ExchangeError> {
        if let Transport::InProcess(handler) = transport {
            return Ok(Exchanged { response: handler.handle(request).await, sender: None });
        }
        if reuse && let Some(sender) = self.take_ready().await {
            match send(sender, copy(&request)).await {
                Ok(exchanged) => return Ok(exchanged),
                // It was closed under us: the others of its age are too.
                Err(_) => self.forget(),
            }
        }
        let sender = connect(transport).await.map_err(ExchangeError::NotConnected)?;
        send(sender, request).await.map_err(|error| ExchangeError::Lost(error.into()))
    }

    /// Takes back the connection of an answer whose body was read to its end.
    pub(crate) fn keep(&self, exchanged: Option<Sender>) {
        if let Some(sender) = exchanged.filter(|sender| !sender.is_closed()) {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            if idle.len() < IDLE_MAX {
                idle.push(sender);
            }
        }
    }

    /// Closes what waits.
    pub(crate) fn forget(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    async fn take_ready(&self) -> Option<Sender> {
        loop {
            let mut sender = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()?;
            if matches!(timeout(CONNECT_TIMEOUT, sender.ready()).await, Ok(Ok(()))) {
                return Some(sender);
            }
        }
    }
}

impl Exchanged {
    pub(crate) fn into_parts(self) -> (Response<Body>, Option<Sender>) {
        (self.response, self.sender)
    }
}

async fn send(mut sender: Sender, request: Request<Bytes>) -> Result<Exchanged, hyper::Error> {
    let response = sender.send_request(request.map(Full::new)).await?;
    let response = response.map(|body| body.map_err(BoxError::from).boxed_unsync());
    Ok(Exchanged { response, sender: Some(sender) })
}

fn copy(request: &Request<Bytes>) -> Request<Bytes> {
    let mut copy = Request::new(request.body().clone());
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    copy
}

async fn connect(transport: &Transport) -> Result<Sender, BoxError> {
    let connecting = async {
        match transport {
            Transport::Tcp(host, port) => {
                let stream = TcpStream::connect((host.as_str(), *port)).await?;
                stream.set_nodelay(true)?;
                shake_hands(stream).await
            }
            Transport::Unix(path) => shake_hands(UnixStream::connect(path).await?).await,
            Transport::InProcess(_) => Err("a service in this process needs no connection".into()),
        }
    };
    match timeout(CONNECT_TIMEOUT, connecting).await {
        Ok(connected) => connected,
        Err(_) => Err(io::Error::from(io::ErrorKind::TimedOut).into()),
    }
}

async fn shake_hands<S>(stream: S) -> Result<Sender, BoxError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // It ends by itself when the sender is dropped or the peer closes; its error reaches the caller through the sender.
    tokio::spawn(async move {
        let _ = connection.await;
    });
    Ok(sender)
}
