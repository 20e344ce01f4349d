//! What a model costs: integers, so that sums are exact.

use serde::{Deserialize, Serialize};

/// Prices of one model, in nano-dollars (10⁻⁹ USD) per million tokens: 3 USD per million tokens is 3 000 000 000.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    pub input: u64,
    pub output: u64,
    /// None: as input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_read: Option<u64>,
    /// Kept for five minutes, or as long as the provider keeps it. None: as input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write: Option<u64>,
    /// Kept for an hour. None: as `cache_write`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write_hour: Option<u64>,
    /// None: as output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<u64>,
    /// Nano-dollars for one search of the web. None: not known, taken as free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub web_search: Option<u64>,
}

/// Prices that hold for the whole call when its prompt is longer than `above` tokens (cached ones included).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceTier {
    pub above: u64,
    pub price: Price,
}
