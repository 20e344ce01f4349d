//! What an answer that is no success means.

use super::parse::{class_of, of_status};
use super::{parse, retry_after, scrub};
use crate::dialect::Dialect;
use crate::error::{Class, UpstreamError};

/// How much of a body that is no JSON is shown.
const SHOWN_CHARS: usize = 300;

/// Classes an answer by its status, headers (asked for in lower case) and body. The status counts more than the provider's word
/// where they disagree, but for money: a spend limit comes as 429, 400 or 403.
pub fn classify(_dialect: Dialect, status: u16, header: &dyn Fn(&str) -> Option<String>, body: &[u8]) -> UpstreamError {
    let mut error = parse(body).unwrap_or_else(|| {
        let text = String::from_utf8_lossy(body);
        let shown: String = text.trim().chars().take(SHOWN_CHARS).collect();
        let message = if shown.is_empty() { format!("the provider answered {status}") } else { scrub(&shown) };
        UpstreamError::new(Class::Unknown, message)
    });
    let by_word = error.code.as_deref().and_then(|word| class_of(word, &error.message));
    error.class = match (status, by_word) {
        (_, Some(Class::SpendLimit)) => Class::SpendLimit,
        (404, Some(Class::InvalidRequest)) => Class::NotFound,
        (400 | 404, Some(word)) => word,
        (500..=599, Some(Class::Overloaded)) => Class::Overloaded,
        (429, Some(Class::Overloaded)) => Class::Overloaded,
        _ => of_status(status, &error.message),
    };
    if let Class::RateLimited { retry_after: after } = &mut error.class {
        *after = retry_after(header);
    }
    error
}
