//! What calls used.

use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

use super::allowance::AllowanceId;
use super::money::NanoUsd;

/// What a call used, in buckets that do not overlap.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tokens {
    /// Of the prompt, neither read from a cache nor written to one.
    pub input: u64,
    pub cache_read: u64,
    pub cache_write_5m: u64,
    pub cache_write_1h: u64,
    /// Without reasoning.
    pub output: u64,
    pub reasoning: u64,
    pub web_searches: u64,
}

impl Tokens {
    /// What is left after a part of it is taken away.
    #[must_use]
    pub fn less(self, part: Self) -> Self {
        Self {
            input: self.input.saturating_sub(part.input),
            cache_read: self.cache_read.saturating_sub(part.cache_read),
            cache_write_5m: self.cache_write_5m.saturating_sub(part.cache_write_5m),
            cache_write_1h: self.cache_write_1h.saturating_sub(part.cache_write_1h),
            output: self.output.saturating_sub(part.output),
            reasoning: self.reasoning.saturating_sub(part.reasoning),
            web_searches: self.web_searches.saturating_sub(part.web_searches),
        }
    }
}

impl AddAssign for Tokens {
    fn add_assign(&mut self, other: Self) {
        let add = |a: &mut u64, b: u64| *a = a.saturating_add(b);
        add(&mut self.input, other.input);
        add(&mut self.cache_read, other.cache_read);
        add(&mut self.cache_write_5m, other.cache_write_5m);
        add(&mut self.cache_write_1h, other.cache_write_1h);
        add(&mut self.output, other.output);
        add(&mut self.reasoning, other.reasoning);
        add(&mut self.web_searches, other.web_searches);
    }
}

/// Calls on one allowance to one model that were settled together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettledCalls {
    pub allowance: AllowanceId,
    /// The provider that answered, as text: it may be gone by the time that this is read.
    pub provider: String,
    pub model: String,
    pub calls: u32,
    pub tokens: Tokens,
    /// Of the calls whose price is known.
    pub cost: NanoUsd,
    /// Calls whose price is not known. They cost something, but not nothing.
    #[serde(default)]
    pub unknown: u32,
    /// Calls whose tokens are an estimate: they were cut off.
    #[serde(default)]
    pub estimated: u32,
    /// What budgets are charged: the cost where it is known, else what was set aside for the call.
    pub charged: NanoUsd,
}

impl SettledCalls {
    /// Where it counts among models.
    pub fn model_name(&self) -> String {
        format!("{}/{}", self.provider, self.model)
    }
}
