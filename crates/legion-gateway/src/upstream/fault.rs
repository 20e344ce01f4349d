//! What can go wrong between us and a provider.

use std::error::Error;
use std::io;
use std::time::Duration;

use legion_dialects::Class;

use crate::directory::NotEntered;
use crate::lane::Outcome;
use crate::secrets::NoKey;

/// No answer came, or it broke off.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("the name `{host}` could not be resolved")]
    Resolve { host: String, source: io::Error },
    #[error("no connection to `{place}`")]
    Connect { place: String, source: io::Error },
    #[error("no secure connection to `{host}`: {why}")]
    Tls { host: String, why: String },
    #[error("no connection within {}", seconds(*after))]
    ConnectSlow { after: Duration },
    #[error("no answer within {}", seconds(*after))]
    AnswerSlow { after: Duration },
    #[error("the connection broke off")]
    Broken { source: Box<dyn Error + Send + Sync> },
    #[error("the answer is longer than {bytes} bytes")]
    TooLong { bytes: usize },
    #[error("its address cannot be used: {0}")]
    Address(String),
    #[error("{0}")]
    NoKey(NoKey),
    #[error(transparent)]
    NotEntered(#[from] NotEntered),
    #[error("it wants the caller's own login, and the call has none")]
    NoLogin,
    #[error("no authorities could be read: {0}")]
    Authorities(String),
    #[error("the record has no answer to this request")]
    NotRecorded,
}

impl Fault {
    /// What it means for the caller.
    pub(crate) fn class(&self) -> Class {
        match self {
            Self::NoKey(_) | Self::NoLogin => Class::Authentication,
            Self::NotRecorded => Class::NotFound,
            Self::NotEntered(_) => Class::Overloaded,
            _ => Class::Server,
        }
    }

    /// How a call ended that was sent.
    pub(crate) fn outcome(&self) -> Outcome {
        match self {
            Self::AnswerSlow { .. } => Outcome::Silent,
            _ => Outcome::Cut,
        }
    }

    /// The request cannot have been begun at the provider.
    pub(crate) fn is_before_sending(&self) -> bool {
        matches!(
            self,
            Self::Resolve { .. }
                | Self::Connect { .. }
                | Self::Tls { .. }
                | Self::ConnectSlow { .. }
                | Self::Address(_)
                | Self::NoKey(_)
                | Self::NoLogin
                | Self::NotEntered(_)
                | Self::Authorities(_)
                | Self::NotRecorded
        )
    }
}

fn seconds(duration: Duration) -> String {
    if duration.subsec_millis() == 0 {
        format!("{} s", duration.as_secs())
    } else {
        format!("{} ms", duration.as_millis())
    }
}
