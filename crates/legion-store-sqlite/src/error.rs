//! Why a database is not opened or not backed up.

use std::io;
use std::path::PathBuf;

use legion_store::Source;

/// Why a log was not opened. The file is left as it is.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("failed to create the log at `{path}`")]
    Create {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("failed to open the log at `{path}`")]
    Open {
        path: PathBuf,
        #[source]
        source: Source,
    },
    #[error("`{path}` is a database of another program")]
    Foreign { path: PathBuf },
    #[error(
        "the log at `{path}` was written by a newer version of Legion: its schema is {found}, this version knows up to {supported}"
    )]
    Newer { path: PathBuf, found: i64, supported: i64 },
    #[error("the log at `{path}` is damaged ({detail}); nothing was changed, restore it from a backup")]
    Corrupt { path: PathBuf, detail: String },
    #[error("failed to bring the log at `{path}` to schema {to}")]
    Migrate {
        path: PathBuf,
        to: i64,
        #[source]
        source: Source,
    },
    #[error("failed to start a thread for the log at `{path}`")]
    Thread {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

/// Why there is no backup. Nothing is left at the place it should have gone to.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("the log is closed: {0}")]
    Closed(String),
    #[error("`{path}` exists already")]
    Exists { path: PathBuf },
    #[error("failed to write a backup to `{path}`")]
    Write {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("failed to copy the log to `{path}`")]
    Copy {
        path: PathBuf,
        #[source]
        source: Source,
    },
    #[error("the copy at `{path}` is damaged ({detail}); the log itself may be")]
    Corrupt { path: PathBuf, detail: String },
}
