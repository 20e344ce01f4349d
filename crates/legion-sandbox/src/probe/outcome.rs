//! How an attempt ended.

use std::io;

use serde::{Deserialize, Serialize};

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It was done.
    Done,
    /// It was refused, and why.
    Refused(String),
    /// This machine cannot do it at all, confined or not, and why.
    Impossible(String),
    /// Nothing is known of it.
    Untried,
}

/// One line of what the prober says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    pub probe: String,
    pub outcome: Outcome,
}

impl From<io::Result<()>> for Outcome {
    fn from(result: io::Result<()>) -> Self {
        match result {
            Ok(()) => Self::Done,
            Err(error) if error.kind() == io::ErrorKind::Unsupported && error.raw_os_error().is_none() => {
                Self::Impossible(error.to_string())
            }
            Err(error) => Self::Refused(error.to_string()),
        }
    }
}

/// What an attempt gives back when this machine has nothing to try it on.
pub(super) fn impossible(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, why)
}

/// What an attempt gives back when the call went through and showed something else than the real thing.
pub(super) fn nothing_there() -> io::Error {
    io::Error::other("there is something else")
}
