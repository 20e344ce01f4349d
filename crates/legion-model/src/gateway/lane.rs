//! A lane: calls to one provider, or to one model of it. It is closed for a while when the provider says that a quota is used up.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::provider::ProviderName;

/// A lane that is closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lane {
    pub provider: ProviderName,
    /// `None` is every model of the provider.
    pub model: Option<String>,
    /// On the wall clock: it survives a restart and a sleeping laptop.
    pub until: Timestamp,
    pub why: String,
}

impl Lane {
    /// Bytes of a reason.
    pub const WHY_BYTES_MAX: usize = 500;
}
