//! Words that the gateway shares with the dialects.

use serde::{Deserialize, Serialize};

/// What a provider or a caller speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Dialect {
    /// Anthropic Messages.
    Anthropic,
    /// OpenAI Chat Completions.
    Chat,
    /// OpenAI Responses.
    Responses,
}

/// Tokens of one call, in buckets that do not overlap.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Neither read from nor written to a cache.
    pub input: u64,
    pub cache_read: u64,
    pub cache_write_5m: u64,
    pub cache_write_1h: u64,
    /// Without reasoning.
    pub output: u64,
    pub reasoning: u64,
    pub web_searches: u64,
    /// What the provider itself says that the call cost.
    pub provider_cost_nanos: Option<u64>,
}
