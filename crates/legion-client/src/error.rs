//! Why a call failed.

use std::path::PathBuf;
use std::time::Duration;

use legion_api::Problem;

use crate::BoxError;

/// Exit code when no service could be reached.
const EXIT_UNREACHABLE: u8 = 4;
/// Exit code when something answered that does not speak as Legion does.
const EXIT_PROTOCOL: u8 = 5;
/// Exit code when the call itself makes no sense.
const EXIT_INVALID: u8 = 2;

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The service refused, and says why.
    #[error("{}", .0.detail)]
    Problem(Box<Problem>),
    /// No service could be reached, or the connection broke and no new one could be made in time.
    #[error("failed to reach the Legion service at `{url}`")]
    Unreachable {
        url: String,
        #[source]
        source: BoxError,
    },
    /// The service took the call and did not answer in time. Whether it acted is not known; repeat it with the same idempotency key.
    #[error("the Legion service at `{url}` did not answer within {after:?}")]
    TimedOut { url: String, after: Duration },
    /// What answered does not speak as Legion does.
    #[error("`{url}` gave an answer that is not Legion's: {what}")]
    Protocol { url: String, what: String },
    /// The call cannot be made as it was asked for.
    #[error("{what}")]
    Invalid { what: String },
    /// A file that says where the service is, or that opens it, cannot be read.
    #[error("failed to read `{}`", path.display())]
    Discover {
        path: PathBuf,
        #[source]
        source: BoxError,
    },
}

impl ClientError {
    /// The service's own words, when it was the service that refused.
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Problem(problem) => Some(problem),
            _ => None,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Problem(problem) => problem.hint.clone(),
            Self::Unreachable { .. } => {
                Some("start it with `legion serve --detach`, or say where it is with LEGION_URL or LEGION_DATA_DIR".to_owned())
            }
            Self::TimedOut { .. } => {
                Some("look at what came of it with `legion status`; a repeat with the same idempotency key does nothing twice".to_owned())
            }
            Self::Protocol { .. } => Some("something else listens there: check LEGION_URL and the version of the service".to_owned()),
            Self::Invalid { .. } => None,
            Self::Discover { .. } => Some("check LEGION_DATA_DIR and who may read that directory".to_owned()),
        }
    }

    /// The exit code of a command that ends with this error.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Problem(problem) => problem.code.exit_code(),
            Self::Unreachable { .. } | Self::TimedOut { .. } => EXIT_UNREACHABLE,
            Self::Protocol { .. } => EXIT_PROTOCOL,
            Self::Invalid { .. } | Self::Discover { .. } => EXIT_INVALID,
        }
    }
}

impl From<Problem> for ClientError {
    fn from(problem: Problem) -> Self {
        Self::Problem(Box::new(problem))
    }
}
