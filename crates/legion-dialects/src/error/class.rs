//! What an error of a provider means for the caller and for the lane.

use std::time::Duration;

/// The classes of errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// Too many requests or tokens; may pass after the time the provider named.
    RateLimited {
        retry_after: Option<Duration>,
    },
    /// The provider has no capacity now.
    Overloaded,
    /// Money or quota is used up: trying again cannot help.
    SpendLimit,
    Authentication,
    Permission,
    InvalidRequest,
    TooLarge,
    NotFound,
    NotSupported,
    /// The provider failed.
    Server,
    Unknown,
}

impl Class {
    /// The name used in logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RateLimited { .. } => "rate-limited",
            Self::Overloaded => "overloaded",
            Self::SpendLimit => "spend-limit",
            Self::Authentication => "authentication",
            Self::Permission => "permission",
            Self::InvalidRequest => "invalid-request",
            Self::TooLarge => "too-large",
            Self::NotFound => "not-found",
            Self::NotSupported => "not-supported",
            Self::Server => "server",
            Self::Unknown => "unknown",
        }
    }
}

/// An error that a provider reported, as an answer or within a stream.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct UpstreamError {
    pub class: Class,
    /// The provider's sentence, without account ids and keys.
    pub message: String,
    /// The provider's own word for it, such as `overloaded_error` or `insufficient_quota`.
    pub code: Option<String>,
}

impl UpstreamError {
    pub fn new(class: Class, message: impl Into<String>) -> Self {
        Self { class, message: message.into(), code: None }
    }
}
