//! Why the helper did not become the program.

use std::io;
use std::path::PathBuf;

use crate::confinement::BadConfinement;

/// The helper's exit code when the tier could not be made.
pub const EXIT_NOT_CONFINED: u8 = 125;
/// The helper's exit code when the program may not be executed, as shells have it.
pub const EXIT_NOT_EXECUTABLE: u8 = 126;
/// The helper's exit code when there is no such program, as shells have it.
pub const EXIT_NOT_FOUND: u8 = 127;

#[derive(Debug, thiserror::Error)]
pub(crate) enum HelperError {
    #[error("wrong arguments: {0}")]
    Arguments(&'static str),
    #[error("the order cannot be read")]
    Order(#[source] serde_json::Error),
    #[error(transparent)]
    Confinement(#[from] BadConfinement),
    #[error("user id {uid} was asked for, and only root can become another user")]
    OtherUser { uid: u32 },
    #[error("failed to {what}")]
    System {
        what: String,
        #[source]
        source: io::Error,
    },
    #[error("user id {uid} cannot reach `{path}`: a directory above it is closed to others")]
    Unreachable { uid: u32, path: PathBuf },
    #[error("`{0}` was granted, and a part of it is a link or was exchanged: grant what it leads to by its own name")]
    Link(PathBuf),
    #[error("`{0}` was granted and does not exist")]
    Missing(PathBuf),
    #[error("`{0}` is gone, which was to keep the agent from making it")]
    Uncovered(PathBuf),
    #[error("Landlock does not hold on this kernel: {0}")]
    Landlock(String),
    #[error("the system call filter cannot be made: {0}")]
    Filter(String),
    #[error("no bubblewrap was named")]
    NoBubblewrap,
    #[error("failed to start `{program}`")]
    Program {
        program: String,
        #[source]
        source: io::Error,
    },
}

impl HelperError {
    pub fn system(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        |source| Self::System { what, source }
    }

    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Program { source, .. } if source.kind() == io::ErrorKind::NotFound => EXIT_NOT_FOUND,
            Self::Program { .. } => EXIT_NOT_EXECUTABLE,
            _ => EXIT_NOT_CONFINED,
        }
    }
}
