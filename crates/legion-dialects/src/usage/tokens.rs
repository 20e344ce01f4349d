//! Tokens by price.

/// Tokens of one call. The buckets do not overlap: each token is counted in one of them, so that a sum is a sum and a price is
/// a product. Providers count differently; each dialect makes this from its own numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Usage {
    /// Prompt tokens neither read from nor written to a cache.
    pub input: u64,
    /// Prompt tokens read from the provider's cache.
    pub cache_read: u64,
    /// Prompt tokens written to a cache that lives five minutes, or whose time is not said.
    pub cache_write_5m: u64,
    /// Prompt tokens written to a cache that lives an hour.
    pub cache_write_1h: u64,
    /// Output tokens without those known to be reasoning.
    pub output: u64,
    /// Output tokens known to be reasoning.
    pub reasoning: u64,
    /// Searches that the provider ran.
    pub web_searches: u64,
    /// What the provider itself says that the call cost, in billionths of a dollar.
    pub provider_cost_nanos: Option<u64>,
}

impl Usage {
    /// The whole prompt.
    pub const fn prompt(&self) -> u64 {
        self.input
            .saturating_add(self.cache_read)
            .saturating_add(self.cache_write_5m)
            .saturating_add(self.cache_write_1h)
    }

    /// All that was written to a cache.
    pub const fn cache_write(&self) -> u64 {
        self.cache_write_5m.saturating_add(self.cache_write_1h)
    }

    /// All output, reasoning with it.
    pub const fn completion(&self) -> u64 {
        self.output.saturating_add(self.reasoning)
    }

    pub const fn total(&self) -> u64 {
        self.prompt().saturating_add(self.completion())
    }

    /// Dollars as a provider wrote them to whole nano-dollars; `None` when it is no amount.
    pub fn nanos(dollars: f64) -> Option<u64> {
        let nanos = (dollars * 1e9).round();
        // Beyond a million dollars for one call the number is a mistake.
        (nanos.is_finite() && (0.0..=1e15).contains(&nanos)).then_some(nanos as u64)
    }
}
