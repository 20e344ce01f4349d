//! A client that sees each piece of an answer as it comes.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinHandle;

use crate::support::within;

/// An answer that has begun.
pub struct Opened {
    pub status: StatusCode,
    pub headers: HeaderMap,
    body: Incoming,
    connection: JoinHandle<()>,
}

/// A whole answer.
#[derive(Debug)]
pub struct Got {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// It broke off.
    pub cut: bool,
}

impl Got {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("text"))
    }
}

pub async fn send(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    request: Request<Full<Bytes>>,
) -> Opened {
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.expect("a connection");
    let connection = tokio::spawn(async move {
        connection.await.ok();
    });
    let response: Response<Incoming> =
        within("the head of an answer", sender.send_request(request)).await.expect("an answer");
    let (head, body) = response.into_parts();
    Opened { status: head.status, headers: head.headers, body, connection }
}

impl Opened {
    /// The next piece; none at the end, an error for a cut.
    pub async fn next(&mut self) -> Option<Result<Bytes, hyper::Error>> {
        loop {
            match within("a piece of an answer", self.body.frame()).await? {
                Ok(frame) => match frame.into_data() {
                    Ok(data) => return Some(Ok(data)),
                    Err(_) => continue,
                },
                Err(error) => return Some(Err(error)),
            }
        }
    }

    /// A piece, if one comes within a time.
    pub async fn next_within(&mut self, time: Duration) -> Option<Bytes> {
        tokio::time::timeout(time, self.next()).await.ok().flatten().and_then(Result::ok)
    }

    pub async fn rest(mut self) -> Got {
        let mut body = Vec::new();
        let mut cut = false;
        while let Some(piece) = self.next().await {
            match piece {
                Ok(piece) => body.extend_from_slice(&piece),
                Err(_) => {
                    cut = true;
                    break;
                }
            }
        }
        Got { status: self.status.as_u16(), headers: self.headers, body: body.into(), cut }
    }

    /// Closes the connection in the middle of the answer.
    pub fn hang_up(self) {
        self.connection.abort();
    }
}
