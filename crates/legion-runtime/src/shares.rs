//! What each caller may have of a service: so many requests in a time, and so many at once. One that floods takes nothing from the
//! others. Pure but for the lock: the time comes in.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Requests in each second, in the long run, when nothing else is set. An agent that works sends a few in a minute; a script of it that
/// looks all the time, some dozens in a second.
const PER_SECOND: NonZeroU32 = NonZeroU32::new(50).expect("not zero");
/// Requests after a pause: a plan of a thousand tickets may be looked at one by one.
const BURST: NonZeroU32 = NonZeroU32::new(1_000).expect("not zero");
/// Requests that are answered at the same time, such as waits for many reports. An eighth of all connections.
const AT_ONCE: NonZeroU32 = NonZeroU32::new(128).expect("not zero");
/// Callers that are known. Beyond that, those whose share is whole are forgotten: it would be made anew as it is.
const CALLERS_MAX: usize = 4_096;
/// Parts of a request that are counted: a rate in requests per second is one in parts per millisecond.
const PARTS: u64 = 1_000;
/// When it is worth asking again while too much is under way: nobody knows when that ends.
const CROWD_WAIT: Duration = Duration::from_secs(1);

/// What one caller may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// Requests in each second, in the long run.
    pub per_second: NonZeroU32,
    /// Requests after a pause.
    pub burst: NonZeroU32,
    /// Requests that are answered at the same time, to the last byte of their answers.
    pub at_once: NonZeroU32,
}

impl Default for Share {
    fn default() -> Self {
        Self { per_second: PER_SECOND, burst: BURST, at_once: AT_ONCE }
    }
}

/// Why a request is more than its caller's share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Exceeded {
    #[error("the agent asks too often: {} requests in a second and {} after a pause are allowed", share.per_second, share.burst)]
    Often { share: Share, wait: Duration },
    #[error("the agent asks for too much at once: {} requests at the same time are allowed", share.at_once)]
    AtOnce { share: Share },
}

impl Exceeded {
    /// When it is worth asking again.
    pub fn wait(&self) -> Duration {
        match self {
            Self::Often { wait, .. } => *wait,
            Self::AtOnce { .. } => CROWD_WAIT,
        }
    }
}

/// What one caller has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Rest {
    parts: u64,
    at_ms: u64,
    open: u32,
}

impl Share {
    /// As much as can be counted: for measurements, which would measure the share.
    pub const ALL: Self = Self { per_second: NonZeroU32::MAX, burst: NonZeroU32::MAX, at_once: NonZeroU32::MAX };

    fn whole(self, now_ms: u64) -> Rest {
        Rest { parts: u64::from(self.burst.get()) * PARTS, at_ms: now_ms, open: 0 }
    }

    /// What is left by now.
    fn filled(self, rest: Rest, now_ms: u64) -> Rest {
        let came = now_ms.saturating_sub(rest.at_ms).saturating_mul(u64::from(self.per_second.get()));
        let whole = self.whole(now_ms.max(rest.at_ms));
        Rest { parts: rest.parts.saturating_add(came).min(whole.parts), open: rest.open, ..whole }
    }

    /// Takes one request. What is refused costs nothing.
    fn take(self, rest: &mut Rest, now_ms: u64) -> Result<(), Exceeded> {
        *rest = self.filled(*rest, now_ms);
        if rest.open >= self.at_once.get() {
            return Err(Exceeded::AtOnce { share: self });
        }
        let Some(left) = rest.parts.checked_sub(PARTS) else {
            let missing = PARTS - rest.parts;
            let wait = Duration::from_millis(missing.div_ceil(u64::from(self.per_second.get())));
            return Err(Exceeded::Often { share: self, wait });
        };
        (rest.parts, rest.open) = (left, rest.open + 1);
        Ok(())
    }
}

/// The shares of all callers, by what tells them apart.
#[derive(Debug)]
pub struct Shares<K> {
    share: Share,
    rests: Mutex<BTreeMap<K, Rest>>,
}

impl<K: Ord + Clone> Shares<K> {
    pub fn new(share: Share) -> Arc<Self> {
        Arc::new(Self { share, rests: Mutex::default() })
    }

    /// Takes one request of a caller; its place is free again when what is returned is dropped.
    pub fn take(self: &Arc<Self>, caller: K, now_ms: u64) -> Result<Place<K>, Exceeded> {
        let share = self.share;
        let mut rests = self.lock();
        if rests.len() >= CALLERS_MAX && !rests.contains_key(&caller) {
            rests.retain(|_, rest| share.filled(*rest, now_ms) != share.whole(now_ms));
        }
        share.take(rests.entry(caller.clone()).or_insert_with(|| share.whole(now_ms)), now_ms)?;
        Ok(Place { shares: self.clone(), caller })
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<K, Rest>> {
        self.rests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place among the requests of one caller.
#[derive(Debug)]
pub struct Place<K: Ord + Clone> {
    shares: Arc<Shares<K>>,
    caller: K,
}

impl<K: Ord + Clone> Drop for Place<K> {
    fn drop(&mut self) {
        if let Some(rest) = self.shares.lock().get_mut(&self.caller) {
            rest.open = rest.open.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shares(per_second: u32, burst: u32, at_once: u32) -> Arc<Shares<u32>> {
        let number = |number| NonZeroU32::new(number).expect("not zero");
        Shares::new(Share { per_second: number(per_second), burst: number(burst), at_once: number(at_once) })
    }

    /// Asks, and is answered at once.
    fn ask(shares: &Arc<Shares<u32>>, caller: u32, now_ms: u64) -> Result<(), Duration> {
        shares.take(caller, now_ms).map(drop).map_err(|exceeded| exceeded.wait())
    }

    #[test]
    fn a_burst_passes_and_then_as_much_as_comes_in() {
        let shares = shares(4, 3, 9);
        for _ in 0..3 {
            assert_eq!(ask(&shares, 1, 1_000), Ok(()));
        }
        assert_eq!(ask(&shares, 1, 1_000), Err(Duration::from_millis(250)));
        assert_eq!(ask(&shares, 1, 1_100), Err(Duration::from_millis(150)));
        // What was refused has cost nothing.
        assert_eq!(ask(&shares, 1, 1_250), Ok(()));
        assert_eq!(ask(&shares, 2, 1_250), Ok(()), "another caller has its own");
        // However long the pause, no more than a burst.
        let passed = (0..10).filter(|_| ask(&shares, 1, u64::MAX).is_ok()).count();
        assert_eq!(passed, 3);
    }

    #[test]
    fn in_the_long_run_a_flood_gets_through_at_the_rate() {
        let shares = shares(7, 100, 9);
        let passed = (0..60_000).filter(|now_ms| ask(&shares, 1, *now_ms).is_ok()).count();
        assert_eq!(passed, 100 + 7 * 60 - 1, "the last millisecond of the minute is still to come");
    }

    #[test]
    fn so_many_at_once_and_the_next_when_one_has_ended() {
        let shares = shares(1, 100, 2);
        let first = shares.take(1, 0).expect("its first");
        let _second = shares.take(1, 0).expect("its second");
        let refused = shares.take(1, 0).expect_err("its third");
        assert!(matches!(refused, Exceeded::AtOnce { .. }) && refused.wait() == CROWD_WAIT, "{refused}");
        assert_eq!(ask(&shares, 2, 0), Ok(()), "another caller has its own");
        drop(first);
        assert_eq!(ask(&shares, 1, 0), Ok(()));
    }

    #[test]
    fn whoever_is_quiet_is_forgotten_and_whoever_floods_or_is_answered_is_not() {
        let shares = shares(1, 2, 9);
        for caller in 0..CALLERS_MAX as u32 {
            ask(&shares, caller, 0).expect("its first");
        }
        let _waits = shares.take(1, 0).expect("its second");
        for _ in 0..2 {
            ask(&shares, 0, 1_000).expect("its burst");
        }
        // By now everybody else has a whole share again.
        ask(&shares, u32::MAX, 10_000).expect("one more caller");
        let known: Vec<u32> = shares.lock().keys().copied().collect();
        assert_eq!(known, [1, u32::MAX], "only the one that waits for its answer, and the new one");
        for caller in 2..=CALLERS_MAX as u32 {
            ask(&shares, caller, 10_000).expect("its first");
        }
        ask(&shares, 2, 10_000).expect("its second");
        ask(&shares, u32::MAX - 1, 10_001).expect("one more caller");
        assert!(ask(&shares, 2, 10_001).is_err(), "it is not forgotten while it floods");
    }
}
