//! The body of an answer that holds something until its last byte.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};

/// The bytes of a body, and what is dropped with it.
#[derive(Debug)]
pub struct HeldBody<T> {
    /// First, so that it is free when the end of the body is noticed.
    _held: T,
    body: Body,
}

impl<T> HeldBody<T> {
    /// `held` is dropped with the body: at its end, or when nobody reads it any more.
    pub fn new(body: Body, held: T) -> Self {
        Self { _held: held, body }
    }
}

impl<T: Unpin> HttpBody for HeldBody<T> {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
