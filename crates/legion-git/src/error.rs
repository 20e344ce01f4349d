//! What can go wrong with any verb.

use std::io;
use std::path::{Path, PathBuf};

use legion_process::ProgramError;

/// Why a verb did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    #[error("failed to run `git {verb}`")]
    Run {
        verb: &'static str,
        #[source]
        source: ProgramError,
    },
    #[error("`git {verb}` failed in `{repository}` ({status}): {message}")]
    Failed { verb: &'static str, repository: PathBuf, status: String, message: String },
    #[error("the disk is full: `git {verb}` could not write for `{repository}`; free some space and try again")]
    DiskFull { verb: &'static str, repository: PathBuf },
    #[error("`git {verb}` wrote more than {limit} bytes")]
    TooMuch { verb: &'static str, limit: usize },
    #[error("`git {verb}` answered something that is not understood: {answer}")]
    Unexpected { verb: &'static str, answer: String },
    #[error("failed to {action} `{path}`")]
    File {
        action: &'static str,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

impl GitError {
    pub(crate) fn file(action: &'static str, path: impl AsRef<Path>) -> impl FnOnce(io::Error) -> Self {
        let path = path.as_ref().to_owned();
        move |source| Self::File { action, path, source }
    }

    pub(crate) fn unexpected(verb: &'static str, answer: &[u8]) -> Self {
        Self::Unexpected { verb, answer: crate::words::text(answer, 200) }
    }

    /// Whether there is no space left: nothing is wrong with what was asked for.
    pub fn is_disk_full(&self) -> bool {
        match self {
            Self::DiskFull { .. } => true,
            Self::File { source, .. } => {
                matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
            }
            _ => false,
        }
    }
}
