//! Answers as HTTP responses.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderValue, StatusCode, header};

use super::Dialect;
use super::gates::{GATE_WAIT_MAX, Gates};
use super::write::{Part, error_body};

/// Returns a response whose body is sent part by part.
pub(super) fn parts(stream: bool, parts: Vec<Part>, gates: Arc<Gates>) -> Response {
    let body = stream::unfold(VecDeque::from(parts), move |mut parts| {
        let gates = Arc::clone(&gates);
        async move {
            loop {
                match parts.pop_front()? {
                    Part::Send(bytes) => return Some((Ok::<Bytes, io::Error>(bytes), parts)),
                    Part::Pause(pause) => tokio::time::sleep(pause).await,
                    Part::Gate(name) if gates.pass(&name).await => {}
                    Part::Middle => {}
                    Part::Hang => {
                        tokio::time::sleep(GATE_WAIT_MAX).await;
                        parts.push_front(Part::Cut);
                    }
                    Part::Gate(_) | Part::Cut => {
                        // What was sent goes out first: a body that fails at once takes it along.
                        tokio::task::yield_now().await;
                        let cut = io::Error::new(io::ErrorKind::ConnectionAborted, "cut by the script");
                        return Some((Err(cut), VecDeque::new()));
                    }
                }
            }
        }
    });
    let mut response = Response::new(Body::from_stream(body));
    let content_type = if stream { "text/event-stream" } else { "application/json" };
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// Returns an error as the dialect words it.
pub(super) fn error(dialect: Dialect, status: u16, retry_after: Option<u64>, message: &str) -> Response {
    let mut response = Response::new(Body::from(error_body(dialect, status, message).to_string()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(seconds) = retry_after {
        headers.insert(header::RETRY_AFTER, seconds.into());
    }
    response
}
