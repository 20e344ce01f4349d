//! A lane: calls to one provider, or to one model of it. It is closed for a while when the provider says that a quota is used up.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::provider::ProviderName;

/// Why a lane is closed: what callers are told meanwhile follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LaneClass {
    /// Too many requests or tokens.
    RateLimited,
    /// The provider has no capacity.
    Overloaded,
    /// Money is used up: waiting does not help, paying does.
    SpendLimit,
    /// The key is refused.
    Authentication,
    /// The provider fails.
    Server,
}

/// A lane that is closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lane {
    pub provider: ProviderName,
    /// `None` is every model of the provider.
    pub model: Option<String>,
    /// On the wall clock: it survives a restart and a sleeping laptop.
    pub until: Timestamp,
    pub class: LaneClass,
    pub why: String,
}

impl Lane {
    /// Bytes of a reason.
    pub const WHY_BYTES_MAX: usize = 500;
}
