//! Errors, as each dialect words them.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::model_server::Dialect;

/// Returns the body of an answer with an error's status.
pub(in crate::model_server) fn error_body(dialect: Dialect, status: u16, message: &str) -> Value {
    match dialect {
        Dialect::Anthropic => {
            json!({"type": "error", "error": {"type": anthropic_kind(status), "message": message}})
        }
        Dialect::Chat | Dialect::Responses => {
            let (kind, code) = openai_kind(status);
            json!({"error": {"message": message, "type": kind, "param": null, "code": code}})
        }
    }
}

/// Returns an error as the event of a stream.
pub(in crate::model_server) fn error_frame(dialect: Dialect, status: u16, message: &str) -> Bytes {
    let body = error_body(dialect, status, message);
    match dialect {
        Dialect::Anthropic => format!("event: error\ndata: {body}\n\n").into(),
        Dialect::Chat => format!("data: {body}\n\n").into(),
        Dialect::Responses => {
            let (kind, code) = openai_kind(status);
            let code = code.unwrap_or(kind);
            let event = json!({
                "type": "error", "sequence_number": 0, "code": code, "message": message, "param": null,
            });
            format!("event: error\ndata: {event}\n\n").into()
        }
    }
}

fn anthropic_kind(status: u16) -> &'static str {
    match status {
        400 => "invalid_request_error",
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        529 => "overloaded_error",
        _ => "api_error",
    }
}

fn openai_kind(status: u16) -> (&'static str, Option<&'static str>) {
    match status {
        401 => ("invalid_request_error", Some("invalid_api_key")),
        402 => ("insufficient_quota", Some("insufficient_quota")),
        403 => ("invalid_request_error", Some("permission_denied")),
        404 => ("invalid_request_error", Some("model_not_found")),
        429 => ("requests", Some("rate_limit_exceeded")),
        503 | 529 => ("server_error", Some("server_is_overloaded")),
        400..=499 => ("invalid_request_error", None),
        _ => ("server_error", None),
    }
}
