//! What goes wrong, as an RFC 9457 problem.

use std::sync::Arc;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use legion_api::{Problem, ProblemCode};
use legion_engine::EngineError;
use legion_model::{Refusal, RefusalKind};
use legion_store::ReadError;

/// An answer with a status of 400 and more.
#[derive(Debug)]
pub(crate) struct Fault(pub(crate) Box<Problem>, Option<Duration>);

pub(crate) type Result<T> = std::result::Result<T, Fault>;

impl Fault {
    pub(crate) fn new(code: ProblemCode, detail: impl Into<String>) -> Self {
        Self(Box::new(Problem::new(code, detail)), None)
    }

    pub(crate) fn invalid(detail: impl Into<String>) -> Self {
        Self::new(ProblemCode::BadRequest, detail)
    }

    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(ProblemCode::NotFound, detail)
    }

    /// A fault of our own: the details go to the service's log, too.
    pub(crate) fn internal(what: impl std::fmt::Display) -> Self {
        tracing::error!(%what, "a call failed inside");
        Self::new(ProblemCode::Internal, what.to_string())
    }

    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// When it is worth trying again. Said in whole seconds, and never too early.
    #[must_use]
    pub(crate) fn after(mut self, wait: Duration) -> Self {
        self.1 = Some(wait);
        self
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        let code = match refusal.kind {
            RefusalKind::Invalid => ProblemCode::BadRequest,
            RefusalKind::NotFound => ProblemCode::NotFound,
            RefusalKind::Conflict => ProblemCode::Conflict,
            RefusalKind::Forbidden => ProblemCode::Forbidden,
            RefusalKind::Limit => ProblemCode::LimitExceeded,
            RefusalKind::TooLarge => ProblemCode::TooLarge,
            RefusalKind::Busy => ProblemCode::Busy,
            RefusalKind::Deadlock => ProblemCode::Deadlock,
            RefusalKind::KeyReused => ProblemCode::KeyReused,
        };
        let mut problem = Problem::new(code, refusal.what);
        problem.hint = refusal.hint;
        Self(Box::new(problem), None)
    }
}

impl From<EngineError> for Fault {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Refused(refusal) => refusal.into(),
            EngineError::DriverUnavailable { what, hint } => Self::new(ProblemCode::DriverUnavailable, what).hint(hint),
            EngineError::DiskFull => {
                Self::new(ProblemCode::DiskFull, error.to_string()).hint("make space on the disk of the data directory")
            }
            EngineError::StoppedUnrecorded => Self::new(ProblemCode::DiskFull, error.to_string())
                .hint("make space on the disk of the data directory, then give the order again"),
            EngineError::ShuttingDown => Self::new(ProblemCode::ShuttingDown, error.to_string())
                .hint("try again when it is back; the same idempotency key does nothing twice"),
            EngineError::Internal { what } => Self::internal(what),
        }
    }
}

impl From<ReadError> for Fault {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Closed(_) => Self::new(ProblemCode::ShuttingDown, error.to_string()),
            ReadError::TimedOut { .. } | ReadError::Failed(_) => Self::internal(error),
        }
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self.0).expect("a problem is plain data");
        let mut response = (status, body).into_response();
        // For the guard, which remembers refusals.
        response.extensions_mut().insert(Arc::new(*self.0));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"legion\""));
        }
        if let Some(wait) = self.1 {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(whole_seconds(wait)));
        }
        response
    }
}

fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_its_own_code_and_keeps_its_words() {
        let kinds = [
            (RefusalKind::Invalid, "LEG0001"),
            (RefusalKind::Forbidden, "LEG0003"),
            (RefusalKind::NotFound, "LEG0005"),
            (RefusalKind::Conflict, "LEG0006"),
            (RefusalKind::KeyReused, "LEG0007"),
            (RefusalKind::TooLarge, "LEG0008"),
            (RefusalKind::Limit, "LEG0009"),
            (RefusalKind::Busy, "LEG0010"),
            (RefusalKind::Deadlock, "LEG0011"),
        ];
        for (kind, code) in kinds {
            let Fault(problem, _) = Refusal::new(kind, "what").hint("do this").into();
            assert_eq!((problem.code.as_str(), problem.detail.as_str()), (code, "what"));
            assert_eq!(problem.hint.as_deref(), Some("do this"));
            assert_eq!(problem.status, problem.code.status());
        }
    }

    #[test]
    fn every_error_of_the_engine_has_its_code() {
        let errors = [
            (EngineError::DriverUnavailable { what: "w".into(), hint: "h".into() }, "LEG0012"),
            (EngineError::DiskFull, "LEG0013"),
            (EngineError::StoppedUnrecorded, "LEG0013"),
            (EngineError::ShuttingDown, "LEG0014"),
            (EngineError::Internal { what: "w".into() }, "LEG0015"),
        ];
        for (error, code) in errors {
            assert_eq!(Fault::from(error).0.code.as_str(), code);
        }
    }
}
