//! The bytes of an answer: from the network, or from a record.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use tokio::time::timeout;

use crate::cassette::Playback;
use crate::settings::Limits;
use crate::upstream::fault::Fault;

/// The bytes of an answer as they come. Dropped, it hangs up.
pub(crate) enum Source {
    Network(Incoming),
    Replay(Playback),
}

impl Source {
    /// The next bytes; none at the end.
    pub(crate) fn poll_bytes(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Fault>>> {
        match self {
            Self::Replay(playback) => playback.poll_bytes(context),
            Self::Network(body) => loop {
                let frame = std::task::ready!(Pin::new(&mut *body).poll_frame(context));
                return Poll::Ready(match frame {
                    None => None,
                    Some(Err(error)) => Some(Err(Fault::Broken { source: Box::new(error) })),
                    Some(Ok(frame)) => match frame.into_data() {
                        Ok(bytes) => Some(Ok(bytes)),
                        // Trailers say nothing to us.
                        Err(_) => continue,
                    },
                });
            },
        }
    }

    /// The next bytes; none at the end.
    pub(crate) async fn next(&mut self) -> Option<Result<Bytes, Fault>> {
        std::future::poll_fn(|context| self.poll_bytes(context)).await
    }

    /// All bytes, when they are not too many and keep coming.
    pub(crate) async fn collect(mut self, bytes_max: usize, limits: &Limits) -> Result<Bytes, Fault> {
        let after = limits.silence_patience;
        let mut all = BytesMut::new();
        loop {
            match timeout(after, self.next()).await {
                Err(_) => return Err(Fault::AnswerSlow { after }),
                Ok(None) => return Ok(all.freeze()),
                Ok(Some(bytes)) => {
                    let bytes = bytes?;
                    if all.len().saturating_add(bytes.len()) > bytes_max {
                        return Err(Fault::TooLong { bytes: bytes_max });
                    }
                    all.extend_from_slice(&bytes);
                }
            }
        }
    }
}

/// The bytes of a body that came in, when they are not too many.
pub(crate) async fn whole(body: axum::body::Body, bytes_max: usize) -> Result<Bytes, TooLong> {
    let limited = http_body_util::Limited::new(body, bytes_max);
    match limited.collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => Err(TooLong::Bytes),
        Err(_) => Err(TooLong::Broken),
    }
}

/// Why a body could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TooLong {
    Bytes,
    Broken,
}
