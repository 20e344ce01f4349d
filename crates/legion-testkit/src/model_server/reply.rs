//! Parts of an answer as an HTTP response.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use http::{StatusCode, header};
use serde_json::json;

use super::gates::Gates;
use super::stream::Part;

/// Returns a response whose body is sent part by part.
pub(super) fn parts(content_type: &'static str, parts: Vec<Part>, gates: Arc<Gates>) -> Response {
    let body = stream::unfold(VecDeque::from(parts), move |mut parts| {
        let gates = Arc::clone(&gates);
        async move {
            loop {
                match parts.pop_front()? {
                    Part::Send(bytes) => return Some((Ok::<Bytes, io::Error>(bytes), parts)),
                    Part::Pause(pause) => tokio::time::sleep(pause).await,
                    Part::Gate(name) if gates.pass(&name).await => {}
                    Part::Gate(_) | Part::Cut => {
                        let cut = io::Error::new(io::ErrorKind::ConnectionAborted, "cut by the script");
                        return Some((Err(cut), VecDeque::new()));
                    }
                }
            }
        }
    });
    let mut response = Response::new(Body::from_stream(body));
    let content_type = header::HeaderValue::from_static(content_type);
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    response
}

/// Returns an error as the Messages API words it.
pub(super) fn error(status: u16, retry_after: Option<u64>, message: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let kind = match status.as_u16() {
        400 => "invalid_request_error",
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        529 => "overloaded_error",
        _ => "api_error",
    };
    let body = json!({"type": "error", "error": {"type": kind, "message": message}}).to_string();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    if let Some(seconds) = retry_after {
        headers.insert(header::RETRY_AFTER, seconds.into());
    }
    response
}
