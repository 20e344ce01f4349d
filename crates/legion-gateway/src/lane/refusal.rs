//! Answers of our own: errors, in the caller's dialect.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use legion_dialects::{Class, Dialect, error};

use crate::directory::NoAllowance;

/// When money that is set aside for others may be free again, or the books be open.
const MONEY_WAIT: Duration = Duration::from_secs(10);

/// An error for the caller.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    pub class: Class,
    pub message: String,
    /// The provider's own answer, for a caller who speaks its dialect: status, headers, body without secrets.
    pub verbatim: Option<(StatusCode, HeaderMap, Bytes)>,
    /// When it is worth trying again, where that is known.
    pub retry_after: Option<Duration>,
    /// Trying again cannot help.
    pub is_final: bool,
}

impl Refusal {
    pub(crate) fn new(class: Class, message: impl Into<String>) -> Self {
        Self { class, message: message.into(), verbatim: None, retry_after: None, is_final: false }
    }

    pub(crate) fn after(self, retry_after: Duration) -> Self {
        Self { retry_after: Some(retry_after), ..self }
    }

    pub(crate) fn for_good(self) -> Self {
        Self { is_final: true, ..self }
    }
}

impl From<NoAllowance> for Refusal {
    fn from(none: NoAllowance) -> Self {
        let message = none.to_string();
        let limited = Class::RateLimited { retry_after: None };
        match none {
            NoAllowance::OverBudget { .. } => Self::new(limited, format!("over budget: {message}")).for_good(),
            NoAllowance::Busy { .. } => Self::new(limited, message).after(MONEY_WAIT),
            NoAllowance::Unavailable { .. } => Self::new(Class::Overloaded, message).after(MONEY_WAIT),
            NoAllowance::Forbidden { .. } => Self::new(Class::Permission, message).for_good(),
        }
    }
}

/// The answer that says so.
pub(crate) fn refuse(dialect: Dialect, refusal: Refusal) -> Response<Body> {
    let Refusal { class, message, verbatim, retry_after, is_final } = refusal;
    let mut response = match verbatim {
        Some((status, headers, body)) => {
            let mut response = Response::new(Body::from(body));
            *response.status_mut() = status;
            *response.headers_mut() = headers;
            response
        }
        None => {
            let (status, body) = error::body(dialect, class, &message);
            let mut response = Response::new(Body::from(body));
            *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            response
        }
    };
    let headers = response.headers_mut();
    if is_final {
        headers.remove(RETRY_AFTER);
        // Programs of Anthropic and OpenAI obey it.
        headers.insert("x-should-retry", HeaderValue::from_static("false"));
    } else if let Some(after) = retry_after {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds(after)));
    }
    response
}

/// Whole seconds, and never too early.
fn seconds(duration: Duration) -> u64 {
    duration.as_secs().saturating_add(u64::from(duration.subsec_nanos() > 0)).max(1)
}
