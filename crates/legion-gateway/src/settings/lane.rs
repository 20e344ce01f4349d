//! Lanes that were closed before the service began.

use jiff::Timestamp;

/// A lane that takes no calls until a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosedLane {
    pub provider: String,
    /// None: all models of the provider.
    pub model: Option<String>,
    pub until: Timestamp,
    pub why: String,
}
