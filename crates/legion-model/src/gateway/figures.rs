//! Sums of calls.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::call::{SettledCalls, Tokens};
use super::money::NanoUsd;

/// What was used and spent for one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    pub calls: u64,
    pub tokens: Tokens,
    /// Of the calls whose price is known.
    pub cost: NanoUsd,
    /// Calls whose price is not known, and that are not in `cost`.
    pub unknown: u64,
    /// Calls whose tokens are an estimate.
    pub estimated: u64,
    /// What counts against budgets.
    pub charged: NanoUsd,
    pub last_at: Timestamp,
}

impl Default for Figures {
    fn default() -> Self {
        Self {
            calls: 0,
            tokens: Tokens::default(),
            cost: NanoUsd::default(),
            unknown: 0,
            estimated: 0,
            charged: NanoUsd::default(),
            last_at: Timestamp::UNIX_EPOCH,
        }
    }
}

impl Figures {
    pub(super) fn add(&mut self, line: &SettledCalls, at: Timestamp) {
        self.calls = self.calls.saturating_add(u64::from(line.calls));
        self.tokens += line.tokens;
        self.cost += line.cost;
        self.unknown = self.unknown.saturating_add(u64::from(line.unknown));
        self.estimated = self.estimated.saturating_add(u64::from(line.estimated));
        self.charged += line.charged;
        self.last_at = self.last_at.max(at);
    }

    /// Takes away what is a part of it.
    pub fn take_away(&mut self, part: &Self) {
        self.calls = self.calls.saturating_sub(part.calls);
        self.tokens = self.tokens.less(part.tokens);
        self.cost = self.cost.less(part.cost);
        self.unknown = self.unknown.saturating_sub(part.unknown);
        self.estimated = self.estimated.saturating_sub(part.estimated);
        self.charged = self.charged.less(part.charged);
    }

    /// Whether nothing was used or spent.
    pub fn is_nothing(&self) -> bool {
        *self == Self { last_at: self.last_at, ..Self::default() }
    }

    /// Money that was spent by calls of which nothing else is known.
    pub(super) fn add_reconciled(&mut self, spent: NanoUsd, at: Timestamp) {
        self.cost += spent;
        self.charged += spent;
        self.last_at = self.last_at.max(at);
    }
}
