//! Growing pauses.

use std::time::Duration;

/// Twice as long after each failure, up to a bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Backoff {
    pub first: Duration,
    pub most: Duration,
}

impl Backoff {
    /// The pause after so many failures in a row (from 1), shortened by up to a quarter: callers that failed together shall not
    /// come back together. `chance` is a random number.
    pub(crate) fn pause(self, failures: u32, chance: u8) -> Duration {
        let doubled =
            self.first.saturating_mul(1_u32.checked_shl(failures.saturating_sub(1).min(20)).unwrap_or(u32::MAX));
        let full = doubled.min(self.most);
        full - full / 4 * u32::from(chance) / u32::from(u8::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_to_their_bound_and_spread() {
        let backoff = Backoff { first: Duration::from_secs(1), most: Duration::from_secs(60) };
        assert_eq!([1, 2, 3, 7, 99].map(|n| backoff.pause(n, 0).as_secs()), [1, 2, 4, 60, 60]);
        assert_eq!(backoff.pause(3, u8::MAX), Duration::from_secs(3));
    }
}
