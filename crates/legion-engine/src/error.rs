//! What can go wrong on the way through the engine.

use legion_model::Refusal;

/// Why a call did not do what was asked. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error("{0}")]
    Refused(#[from] Refusal),
    /// A driver's program is missing.
    #[error("{what}")]
    DriverUnavailable { what: String, hint: String },
    /// The log or a file could not be written for want of space.
    #[error("the disk is full: nothing was changed")]
    DiskFull,
    /// Those who were to end are ended; the log had no room to say so.
    #[error("the disk is full: the processes are being ended, but what was ordered is not recorded")]
    StoppedUnrecorded,
    #[error("the service is ending")]
    ShuttingDown,
    #[error("{what}")]
    Internal { what: String },
}

impl EngineError {
    pub(crate) fn internal(what: impl std::fmt::Display) -> Self {
        Self::Internal { what: what.to_string() }
    }
}

/// Why the engine cannot start.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(transparent)]
    Files(#[from] legion_runtime::DataDirError),
    #[error(transparent)]
    Secrets(#[from] legion_runtime::SecretError),
    #[error(
        "`user_ids = [{first}, {last}]` in `[containment]` cannot be used: a service that is root gives agents user ids of their own, and the last one to gates\nhint: name two at least, above 0, such as `user_ids = [1900000000, 1900065535]`, or leave it out"
    )]
    UserIds { first: u32, last: u32 },
    #[error("failed to make the directory for the sockets of agents: {0}")]
    Sockets(String),
    #[error("failed to read the log: {0}")]
    Log(String),
}
