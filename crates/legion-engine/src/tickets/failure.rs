//! Why a piece of work was not done.

use std::error::Error;

use legion_git::GitError;

use crate::error::EngineError;

/// Why a piece of work was not done, in words for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub why: String,
    /// Trying again cannot help.
    pub fatal: bool,
    /// There is no space left.
    pub full: bool,
}

impl Failure {
    /// It may go better next time.
    pub(crate) fn passing(why: impl Into<String>) -> Self {
        Self { why: why.into(), fatal: false, full: false }
    }

    pub(crate) fn fatal(why: impl Into<String>) -> Self {
        Self { why: why.into(), fatal: true, full: false }
    }

    /// What went wrong with everything that led to it.
    pub(crate) fn of(error: &dyn Error) -> Self {
        Self::passing(chain(error))
    }
}

/// An error with its causes.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

impl From<GitError> for Failure {
    fn from(error: GitError) -> Self {
        Self { full: error.is_disk_full(), ..Self::of(&error) }
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        Self { full: matches!(error, EngineError::DiskFull), ..Self::of(&error) }
    }
}

impl From<legion_runtime::DataDirError> for Failure {
    fn from(error: legion_runtime::DataDirError) -> Self {
        Self::of(&error)
    }
}
