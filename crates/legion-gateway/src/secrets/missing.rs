//! A key that is not there.

use crate::settings::KeySource;
use crate::upstream::Origin;

/// Why a provider cannot be asked: its key is not where it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoKey {
    #[error("there is no key for it\nhint: legion provider add {provider} --key-stdin")]
    Sealed { provider: String },
    #[error(
        "there is no key for it: ${variable} is not set in the service's environment, or holds no key\n\
         hint: set it and start the service again, or legion provider add {provider} --key-stdin"
    )]
    Variable { provider: String, variable: String },
    #[error(
        "its key was given for another address and is not sent to `{origin}`\nhint: legion provider add {provider} --key-stdin"
    )]
    Elsewhere { provider: String, origin: Origin },
}

impl NoKey {
    pub(crate) fn new(provider: &str, source: &KeySource) -> Self {
        let provider = provider.to_owned();
        match source {
            KeySource::Sealed => Self::Sealed { provider },
            KeySource::Variable(variable) => Self::Variable { provider, variable: variable.clone() },
        }
    }
}
