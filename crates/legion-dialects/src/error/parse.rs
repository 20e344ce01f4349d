//! Errors in the bodies and streams of providers.

use super::scrub;
use crate::error::{Class, UpstreamError};
use crate::json::{Fields, text_lossy};

/// The error in a body of any dialect; `None` when it is no error.
pub fn parse(body: &[u8]) -> Option<UpstreamError> {
    let mut fields = Fields::body(body).ok()?;
    let raw = fields.take("error")?;
    let status = fields.take("status").and_then(|raw| raw.get().parse().ok());
    if raw.get().starts_with('"') {
        return Some(named(None, text_lossy(raw), status));
    }
    let mut error: Fields<'_> = serde_json::from_str(raw.get()).ok()?;
    let kind = error.take("type").map(text_lossy);
    let code = error.take("code").map(text_lossy);
    let message = error.take("message").map(text_lossy).unwrap_or_else(|| "the provider gave no message".to_owned());
    // Routers put the HTTP status there.
    let status = code.as_deref().and_then(|code| code.parse().ok()).or(status);
    let word = code.filter(|code| code.parse::<u16>().is_err() && !code.is_empty());
    let precise = word.as_deref().is_some_and(|word| class_of(word, &message).is_some());
    let word = if precise { word } else { kind.or(word) };
    Some(named(word, message, status))
}

/// The error in an event that is one.
pub fn in_stream(data: &str) -> UpstreamError {
    parse(data.as_bytes()).unwrap_or_else(|| UpstreamError::new(Class::Server, "the provider reported an error"))
}

fn named(code: Option<String>, message: String, status: Option<u16>) -> UpstreamError {
    let class = code
        .as_deref()
        .and_then(|word| class_of(word, &message))
        .or_else(|| status.map(|status| of_status(status, &message)))
        .or_else(|| class_of("", &message))
        .unwrap_or(Class::Unknown);
    UpstreamError { class, message: scrub(&message), code }
}

/// The class by a provider's word, or by what its message says about money or size.
pub fn class_of(word: &str, message: &str) -> Option<Class> {
    let lower = message.to_ascii_lowercase();
    let says = |parts: &[&str]| parts.iter().any(|part| lower.contains(part));
    Some(match word {
        "insufficient_quota"
        | "billing_error"
        | "billing_hard_limit_reached"
        | "enforced_spend_limit_reached"
        | "payment_required"
        | "insufficient_credits"
        | "usage_limit_reached"
        | "usage_not_included" => Class::SpendLimit,
        _ if says(&[
            "enforced_spend_limit",
            "credit balance is too low",
            "insufficient credits",
            "exceeded your current quota",
        ]) =>
        {
            Class::SpendLimit
        }
        "rate_limit_error"
        | "rate_limit_exceeded"
        | "tokens"
        | "requests"
        | "RESOURCE_EXHAUSTED"
        | "too_many_requests" => Class::RateLimited { retry_after: None },
        "overloaded_error" | "overloaded" | "server_is_overloaded" | "slow_down" | "UNAVAILABLE" => Class::Overloaded,
        "authentication_error" | "invalid_api_key" | "UNAUTHENTICATED" => Class::Authentication,
        "permission_error" | "PERMISSION_DENIED" => Class::Permission,
        "request_too_large" | "context_length_exceeded" => Class::TooLarge,
        "not_found_error" | "model_not_found" | "NOT_FOUND" => Class::NotFound,
        "not_supported" => Class::NotSupported,
        "invalid_request_error" | "invalid_prompt" | "INVALID_ARGUMENT" => Class::InvalidRequest,
        "api_error" | "server_error" | "internal_error" | "timeout_error" | "INTERNAL" => Class::Server,
        _ => return None,
    })
}

/// The class by status alone.
pub fn of_status(status: u16, message: &str) -> Class {
    match status {
        401 => Class::Authentication,
        402 => Class::SpendLimit,
        403 => Class::Permission,
        404 => Class::NotFound,
        413 => Class::TooLarge,
        429 => class_of("", message).unwrap_or(Class::RateLimited { retry_after: None }),
        501 | 405 => Class::NotSupported,
        503 | 529 => Class::Overloaded,
        400..=499 => class_of("", message).unwrap_or(Class::InvalidRequest),
        500..=599 => Class::Server,
        _ => Class::Unknown,
    }
}
