//! Why a command was refused.

use serde::{Deserialize, Serialize};

/// What the caller can do about a refusal. Faces turn it into a status and an exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefusalKind {
    Invalid,
    NotFound,
    Conflict,
    Forbidden,
    Limit,
    TooLarge,
    Busy,
    Deadlock,
    KeyReused,
}

/// A command that was refused; nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{what}")]
pub struct Refusal {
    pub kind: RefusalKind,
    /// What happened, to which thing.
    pub what: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Refusal {
    pub fn new(kind: RefusalKind, what: impl Into<String>) -> Self {
        Self { kind, what: what.into(), hint: None }
    }
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
