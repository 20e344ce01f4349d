//! Errors in the words of each dialect.

use crate::dialect::Dialect;
use crate::error::{Class, UpstreamError};
use crate::json::Writer;

/// The status and the body with which a client of a dialect is told of an error. The header `retry-after` is the caller's.
pub fn body(dialect: Dialect, class: Class, message: &str) -> (u16, Vec<u8>) {
    let mut writer = Writer::default();
    match dialect {
        Dialect::Anthropic => {
            let (status, kind) = anthropic(class);
            writer.open().text_field("type", "error");
            write_anthropic(&mut writer, kind, message);
            writer.close();
            (status, writer.finish())
        }
        Dialect::Chat | Dialect::Responses => {
            let (status, kind, code) = openai(class);
            writer.open();
            write_openai(&mut writer, kind, code, message);
            writer.close();
            (status, writer.finish())
        }
    }
}

/// One event that ends a stream with an error.
pub fn stream(dialect: Dialect, error: &UpstreamError) -> Vec<u8> {
    let mut writer = Writer::default();
    match dialect {
        Dialect::Anthropic => {
            writer.frame("event: error\ndata: ").open().text_field("type", "error");
            write_anthropic(&mut writer, anthropic(error.class).1, &error.message);
        }
        Dialect::Chat => {
            let (_, kind, code) = openai(error.class);
            writer.frame("data: ").open();
            write_openai(&mut writer, kind, code, &error.message);
        }
        Dialect::Responses => {
            let (_, _, code) = openai(error.class);
            writer.frame("event: error\ndata: ").open().text_field("type", "error").number_field("sequence_number", 0);
            writer.text_field("code", code).text_field("message", &error.message).key("param").null();
        }
    }
    writer.close().frame("\n\n");
    writer.finish()
}

fn write_anthropic(writer: &mut Writer, kind: &str, message: &str) {
    writer.key("error").open().text_field("type", kind).text_field("message", message).close();
}

fn write_openai(writer: &mut Writer, kind: &str, code: &str, message: &str) {
    writer.key("error").open().text_field("message", message).text_field("type", kind).key("param").null();
    writer.text_field("code", code).close();
}

/// The contract of Claude Code's gateways.
const fn anthropic(class: Class) -> (u16, &'static str) {
    match class {
        Class::RateLimited { .. } | Class::SpendLimit => (429, "rate_limit_error"),
        Class::Overloaded => (529, "overloaded_error"),
        Class::Authentication => (401, "authentication_error"),
        Class::Permission => (403, "permission_error"),
        Class::InvalidRequest => (400, "invalid_request_error"),
        Class::TooLarge => (413, "request_too_large"),
        Class::NotFound => (404, "not_found_error"),
        Class::NotSupported => (501, "not_supported"),
        Class::Server | Class::Unknown => (500, "api_error"),
    }
}

/// Status, type and code.
const fn openai(class: Class) -> (u16, &'static str, &'static str) {
    match class {
        Class::RateLimited { .. } => (429, "rate_limit_error", "rate_limit_exceeded"),
        Class::SpendLimit => (429, "insufficient_quota", "insufficient_quota"),
        Class::Overloaded => (503, "server_error", "server_is_overloaded"),
        Class::Authentication => (401, "authentication_error", "invalid_api_key"),
        Class::Permission => (403, "permission_error", "permission_denied"),
        Class::InvalidRequest => (400, "invalid_request_error", "invalid_request"),
        Class::TooLarge => (413, "invalid_request_error", "context_length_exceeded"),
        Class::NotFound => (404, "invalid_request_error", "not_found"),
        Class::NotSupported => (501, "invalid_request_error", "not_supported"),
        Class::Server | Class::Unknown => (500, "server_error", "server_error"),
    }
}
