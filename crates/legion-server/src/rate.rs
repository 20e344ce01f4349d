//! How often one agent may ask: a bucket of requests for each, which fills up again with time. A hijacked agent that floods the
//! service takes nothing from the others.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use legion_model::AgentId;

/// Requests in each second, in the long run, when nothing else is set. An agent that works sends a few in a minute; a script of it that
/// looks all the time, some dozens in a second.
const PER_SECOND: NonZeroU32 = NonZeroU32::new(50).expect("not zero");
/// Requests at once, after a pause: a plan of a thousand tickets may be looked at one by one.
const BURST: NonZeroU32 = NonZeroU32::new(1_000).expect("not zero");
/// Agents with a bucket. Beyond that, full ones are forgotten: they would be made anew as they are.
const BUCKETS_MAX: usize = 4_096;
/// Parts of a request that are counted: a rate in requests per second is one in parts per millisecond.
const PARTS: u64 = 1_000;

/// How often one agent may ask the API, over REST and MCP together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestRate {
    /// In the long run.
    pub per_second: NonZeroU32,
    /// At once, after a pause.
    pub burst: NonZeroU32,
}

impl Default for RequestRate {
    fn default() -> Self {
        Self { per_second: PER_SECOND, burst: BURST }
    }
}

/// What one agent may still ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Bucket {
    parts: u64,
    at_ms: u64,
}

impl RequestRate {
    fn full(self, now_ms: u64) -> Bucket {
        Bucket { parts: u64::from(self.burst.get()) * PARTS, at_ms: now_ms }
    }

    /// The bucket as it is by now.
    fn filled(self, bucket: Bucket, now_ms: u64) -> Bucket {
        let came = now_ms.saturating_sub(bucket.at_ms).saturating_mul(u64::from(self.per_second.get()));
        let full = self.full(now_ms.max(bucket.at_ms));
        Bucket { parts: bucket.parts.saturating_add(came).min(full.parts), ..full }
    }

    /// Takes one request, or says how long it is until there is one.
    fn take(self, bucket: &mut Bucket, now_ms: u64) -> Result<(), Duration> {
        *bucket = self.filled(*bucket, now_ms);
        match bucket.parts.checked_sub(PARTS) {
            Some(rest) => {
                bucket.parts = rest;
                Ok(())
            }
            None => {
                let missing = PARTS - bucket.parts;
                Err(Duration::from_millis(missing.div_ceil(u64::from(self.per_second.get()))))
            }
        }
    }
}

/// The buckets of all agents.
#[derive(Debug, Default)]
pub(crate) struct Rates {
    rate: RequestRate,
    buckets: Mutex<BTreeMap<AgentId, Bucket>>,
}

impl Rates {
    pub(crate) fn new(rate: RequestRate) -> Self {
        Self { rate, buckets: Mutex::default() }
    }

    pub(crate) fn rate(&self) -> RequestRate {
        self.rate
    }

    /// Takes one request of an agent, or says how long it is until there is one.
    pub(crate) fn take(&self, agent: AgentId, now_ms: u64) -> Result<(), Duration> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= BUCKETS_MAX && !buckets.contains_key(&agent) {
            buckets.retain(|_, bucket| self.rate.filled(*bucket, now_ms) != self.rate.full(now_ms));
        }
        self.rate.take(buckets.entry(agent).or_insert_with(|| self.rate.full(now_ms)), now_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(per_second: u32, burst: u32) -> RequestRate {
        let number = |number| NonZeroU32::new(number).expect("not zero");
        RequestRate { per_second: number(per_second), burst: number(burst) }
    }

    fn agent(number: u128) -> AgentId {
        AgentId(uuid::Uuid::from_u128(number))
    }

    #[test]
    fn a_burst_passes_and_then_as_much_as_comes_in() {
        let rates = Rates::new(rate(4, 3));
        for _ in 0..3 {
            assert_eq!(rates.take(agent(1), 1_000), Ok(()));
        }
        assert_eq!(rates.take(agent(1), 1_000), Err(Duration::from_millis(250)));
        assert_eq!(rates.take(agent(1), 1_100), Err(Duration::from_millis(150)));
        // What was refused has cost nothing.
        assert_eq!(rates.take(agent(1), 1_250), Ok(()));
        assert_eq!(rates.take(agent(2), 1_250), Ok(()), "another agent has its own");
        // However long the pause, no more than a burst.
        let passed = (0..10).filter(|_| rates.take(agent(1), u64::MAX).is_ok()).count();
        assert_eq!(passed, 3);
    }

    #[test]
    fn in_the_long_run_a_flood_gets_through_at_the_rate() {
        let rates = Rates::new(rate(7, 100));
        let passed = (0..60_000).filter(|now_ms| rates.take(agent(1), *now_ms).is_ok()).count();
        assert_eq!(passed, 100 + 7 * 60 - 1, "the last millisecond of the minute is still to come");
    }

    #[test]
    fn whoever_is_quiet_is_forgotten_and_whoever_floods_is_not() {
        let rates = Rates::new(rate(1, 2));
        for number in 0..BUCKETS_MAX as u128 {
            rates.take(agent(number), 0).expect("its first");
        }
        rates.take(agent(0), 1_000).expect("its second");
        rates.take(agent(0), 1_000).expect("its third");
        rates.take(agent(1 << 64), 1_000).expect("one more agent");
        assert_eq!(rates.buckets.lock().expect("nobody panicked").len(), 2);
        assert!(rates.take(agent(0), 1_000).is_err());
    }
}
