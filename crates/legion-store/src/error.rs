//! Why a log refuses.

use std::sync::Arc;

use crate::log::{BATCH_BYTES_MAX, BATCH_RECORDS_MAX};
use crate::snapshot::SNAPSHOT_BYTES_MAX;

/// The cause of a failure; shared, because one failed commit answers many callers.
pub type Source = Arc<dyn std::error::Error + Send + Sync>;

/// Why a batch was not appended. In every case but [`AppendError::Failed`] nothing of it is in the log.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AppendError {
    /// Someone else was first: read on, decide again.
    #[error("the stream is at version {actual}, not at {expected}")]
    Conflict { expected: u64, actual: u64 },
    /// The log stays usable; the same append succeeds once there is space.
    #[error("the disk that holds the log is full")]
    Full,
    /// The log takes nothing any more, for the given reason.
    #[error("the log is closed: {0}")]
    Closed(String),
    #[error("a batch needs at least one record")]
    Empty,
    #[error(
        "a batch of {records} records and {bytes} bytes is too large: at most {BATCH_RECORDS_MAX} records and {BATCH_BYTES_MAX} bytes"
    )]
    TooLarge { records: usize, bytes: usize },
    /// Whether the batch is in the log is unknown until it is opened again.
    #[error("failed to append to the log")]
    Failed(#[source] Source),
}

/// Why a read gave nothing.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ReadError {
    #[error("the log is closed: {0}")]
    Closed(String),
    #[error("reading the log took longer than {seconds} s")]
    TimedOut { seconds: u64 },
    #[error("failed to read the log")]
    Failed(#[source] Source),
}

/// Why a snapshot was not saved or loaded. Never a reason to stop: fold the stream instead.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SnapshotError {
    #[error("the log is closed: {0}")]
    Closed(String),
    #[error("the disk that holds the log is full")]
    Full,
    #[error("a snapshot of version {version} cannot belong to a stream at version {actual}")]
    Ahead { version: u64, actual: u64 },
    #[error("a snapshot of {bytes} bytes is too large: at most {SNAPSHOT_BYTES_MAX} bytes")]
    TooLarge { bytes: usize },
    #[error("failed to keep a snapshot")]
    Failed(#[source] Source),
}
