//! Lanes that are closed.

use jiff::Timestamp;
use legion_dialects::Class;

/// A lane that takes no calls until a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosedLane {
    pub provider: String,
    /// None: all models of the provider.
    pub model: Option<String>,
    pub until: Timestamp,
    /// What callers are told meanwhile follows from it.
    pub class: Class,
    pub why: String,
}
