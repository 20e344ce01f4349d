//! Errors within answers and streams, read and written.

use crate::error::{Class, UpstreamError, class_of, scrub};
use crate::json::{Fields, Path, Writer, text_lossy};
use serde_json::value::RawValue;

/// Reads an error: its own object, or the event around it.
pub fn read(raw: &RawValue) -> UpstreamError {
    let Ok(mut fields) = serde_json::from_str::<Fields<'_>>(raw.get()) else {
        return UpstreamError::new(Class::Unknown, text_lossy(raw));
    };
    if let Some(inner) = fields.peek("error").filter(|inner| inner.get().starts_with('{')) {
        return read(inner);
    }
    let message = fields.take("message").map_or_else(|| "the provider failed without a word".to_owned(), text_lossy);
    let code = fields.take("code").map(text_lossy);
    // An event of kind `error` is of type `error`: that says nothing.
    let kind = fields.string("type", &Path::Root).ok().flatten().filter(|kind| kind != "error");
    let word = code.or(kind);
    let known = class_of(word.as_deref().unwrap_or_default(), &message);
    let class = known.or_else(|| word.as_deref().and_then(class)).unwrap_or(Class::Unknown);
    UpstreamError { class, message: scrub(&message), code: word }
}

/// What words of this interface alone mean.
fn class(code: &str) -> Option<Class> {
    Some(match code {
        "permission_denied" | "unsupported_country_region_territory" => Class::Permission,
        "string_above_max_length" => Class::TooLarge,
        "unsupported_value" | "unsupported_parameter" => Class::NotSupported,
        _ if code.starts_with("invalid_") || code.starts_with("image_") => Class::InvalidRequest,
        _ => return None,
    })
}

/// The code for a class, of those that clients of this dialect know.
pub fn code(class: Class) -> &'static str {
    match class {
        Class::RateLimited { .. } => "rate_limit_exceeded",
        Class::Overloaded => "server_is_overloaded",
        Class::SpendLimit => "insufficient_quota",
        Class::Authentication => "invalid_api_key",
        Class::Permission => "permission_denied",
        Class::InvalidRequest => "invalid_prompt",
        Class::TooLarge => "context_length_exceeded",
        Class::NotFound => "model_not_found",
        Class::NotSupported => "unsupported_value",
        Class::Server | Class::Unknown => "server_error",
    }
}

/// Writes the object of a failed answer.
pub fn write(writer: &mut Writer, error: &UpstreamError) {
    writer.open().text_field("code", code(error.class)).text_field("message", &error.message).close();
}
