//! Which lanes are closed, until when and why.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use legion_dialects::Class;
use legion_runtime::Clock;

use crate::directory::Directory;
use crate::governor::effect::{Pause, Reach, effect};
use crate::settings::ClosedLane;

/// Lanes with something to remember. Models are named by callers, so that there could be any number.
const LANES_MAX: usize = 1_024;
/// Shorter closings are not worth a fact.
const TOLD_FROM: Duration = Duration::from_secs(5);
/// A call that finds out whether a lane works again may take long: its answer may be long, or the provider silent. After this the next
/// one finds out for itself.
const PROBE_TIME: SignedDuration = SignedDuration::from_secs(5);
/// When somebody already asks whether a lane works again, others come back after this.
const PROBE_WAIT: SignedDuration = SignedDuration::from_secs(1);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct LaneKey {
    provider: String,
    /// None: all models.
    model: Option<String>,
}

#[derive(Debug)]
struct Lane {
    failures: u32,
    closed: Option<(Timestamp, Class, String)>,
    /// Since when a call is under way that finds out whether it works again.
    probing: Option<Timestamp>,
    /// The directory was told that it is closed.
    told: bool,
}

/// A lane as people see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneView {
    pub provider: String,
    /// None: all of its models.
    pub model: Option<String>,
    /// None: it is open, after failures.
    pub closed_until: Option<Timestamp>,
    pub why: String,
    /// Failures in a row.
    pub failures: u32,
}

/// A lane takes no calls now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Closed {
    pub until: Timestamp,
    pub class: Class,
    pub why: String,
}

/// Lanes of all providers.
pub(crate) struct Governor {
    lanes: Mutex<HashMap<LaneKey, Lane>>,
    directory: Arc<dyn Directory>,
    clock: Arc<dyn Clock>,
}

/// Leave to ask a provider. Its holder says how it went; one that is dropped without a word leaves everything as it was.
pub(crate) struct Permit {
    /// None: a record answers, and no lane hears how it went.
    governor: Option<Arc<Governor>>,
    provider: String,
    model: String,
    probes: Vec<LaneKey>,
}

impl Governor {
    /// With the lanes that were closed before.
    pub(crate) fn new(directory: Arc<dyn Directory>, clock: Arc<dyn Clock>, closed: &[ClosedLane]) -> Self {
        let now = clock.now();
        // A key may be another one since: that of a variable changes with a start and no otherwise. The next call finds out.
        let closed = closed.iter().filter(|lane| lane.until > now && lane.class != Class::Authentication);
        let lanes = closed.take(LANES_MAX).map(|lane| {
            let key = LaneKey { provider: lane.provider.clone(), model: lane.model.clone() };
            let closed = Some((lane.until, lane.class, lane.why.clone()));
            (key, Lane { failures: 1, closed, probing: None, told: true })
        });
        Self { lanes: Mutex::new(lanes.collect()), directory, clock }
    }

    /// Leave to ask a provider for a model, unless its lane is closed.
    pub(crate) fn admit(self: &Arc<Self>, provider: &str, model: &str) -> Result<Permit, Closed> {
        let mut probes = Vec::new();
        {
            let mut lanes = self.lock();
            // Nearly always there is nothing to remember.
            if !lanes.is_empty() {
                let now = self.clock.now();
                for key in keys(provider, model) {
                    let Some(lane) = lanes.get_mut(&key) else { continue };
                    let Some((until, class, why)) = &lane.closed else { continue };
                    let waiting = *until > now;
                    let is_probed = lane.probing.is_some_and(|since| now.duration_since(since) < PROBE_TIME);
                    if waiting || is_probed {
                        let until = if waiting { *until } else { now.saturating_add(PROBE_WAIT).unwrap_or(now) };
                        let closed = Closed { until, class: *class, why: why.clone() };
                        release(&mut lanes, &probes);
                        return Err(closed);
                    }
                    lane.probing = Some(now);
                    probes.push(key);
                }
            }
        }
        Ok(Permit { governor: Some(self.clone()), provider: provider.to_owned(), model: model.to_owned(), probes })
    }

    /// Why and until when a lane is closed, without asking for leave. None when it is open.
    pub(crate) fn closed(&self, provider: &str, model: &str) -> Option<Closed> {
        let lanes = self.lock();
        if lanes.is_empty() {
            return None;
        }
        let now = self.clock.now();
        keys(provider, model).iter().find_map(|key| {
            let (until, class, why) = lanes.get(key)?.closed.as_ref()?;
            (*until > now).then(|| Closed { until: *until, class: *class, why: why.clone() })
        })
    }

    /// Opens all lanes of a provider: it was set up anew.
    pub(crate) fn reopen(&self, provider: &str) {
        let mut told = Vec::new();
        self.lock().retain(|key, lane| {
            if key.provider != provider {
                return true;
            }
            if lane.told {
                told.push(key.clone());
            }
            false
        });
        for key in told {
            self.directory.lane_opened(&key.provider, key.model.as_deref());
        }
    }

    /// What is remembered of lanes.
    pub(crate) fn view(&self) -> Vec<LaneView> {
        let mut all: Vec<LaneView> = self
            .lock()
            .iter()
            .map(|(key, lane)| LaneView {
                provider: key.provider.clone(),
                model: key.model.clone(),
                closed_until: lane.closed.as_ref().map(|(until, ..)| *until),
                why: lane.closed.as_ref().map(|(.., why)| why.clone()).unwrap_or_default(),
                failures: lane.failures,
            })
            .collect();
        all.sort_by(|a, b| (&a.provider, &a.model).cmp(&(&b.provider, &b.model)));
        all
    }

    fn succeeded(&self, provider: &str, model: &str) {
        let mut told = Vec::new();
        {
            let mut lanes = self.lock();
            if lanes.is_empty() {
                return;
            }
            let now = self.clock.now();
            for key in keys(provider, model) {
                // A call that began before the closing says nothing about it.
                let closed =
                    lanes.get(&key).and_then(|lane| lane.closed.as_ref()).is_some_and(|(until, ..)| *until > now);
                if !closed && lanes.remove(&key).is_some_and(|lane| lane.told) {
                    told.push(key);
                }
            }
        }
        for key in told {
            self.directory.lane_opened(&key.provider, key.model.as_deref());
        }
    }

    /// Returns until when the lane is closed now, if it is.
    fn failed(&self, provider: &str, model: &str, class: Class, why: &str) -> Option<Timestamp> {
        let (reach, pause) = effect(class).close?;
        let model = (reach == Reach::Model).then(|| model.to_owned());
        let key = LaneKey { provider: provider.to_owned(), model: model.clone() };
        let chance = legion_runtime::new_id().as_bytes()[0];
        let now = self.clock.now();
        let ((until, class, why), tell) = {
            let mut lanes = self.lock();
            if lanes.len() >= LANES_MAX && !lanes.contains_key(&key) {
                lanes.retain(|_, lane| lane.closed.as_ref().is_some_and(|(until, ..)| *until > now));
                if lanes.len() >= LANES_MAX {
                    return None;
                }
            }
            let lane = lanes.entry(key).or_insert(Lane { failures: 0, closed: None, probing: None, told: false });
            // Calls that failed together are one failure.
            if lane.closed.as_ref().is_none_or(|(until, ..)| *until <= now) {
                lane.failures = lane.failures.saturating_add(1);
            }
            let length = match pause {
                Pause::Exactly(length) => length,
                Pause::Growing(backoff) => backoff.pause(lane.failures, chance),
                Pause::Breaker { backoff, after } => {
                    let over = (lane.failures + 1).checked_sub(after).filter(|over| *over > 0)?;
                    backoff.pause(over, chance)
                }
            };
            let until =
                now.saturating_add(SignedDuration::try_from(length).unwrap_or(SignedDuration::MAX)).unwrap_or(now);
            let closed = match lane.closed.take() {
                // What closes it for longer is what callers are told: a limit per minute does not hide that the money is used up.
                Some(before) if before.0 > until => before,
                _ => (until, class, why.to_owned()),
            };
            lane.closed = Some(closed.clone());
            lane.probing = None;
            let tell = length >= TOLD_FROM;
            lane.told |= tell;
            (closed, tell)
        };
        if tell {
            let provider = provider.to_owned();
            self.directory.lane_closed(ClosedLane { provider, model, until, class, why });
        }
        Some(until)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<LaneKey, Lane>> {
        self.lanes.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Permit {
    /// For a call that a record answers: no lane is asked for it.
    pub(crate) fn of_record() -> Self {
        Self { governor: None, provider: String::new(), model: String::new(), probes: Vec::new() }
    }

    /// The provider answered.
    pub(crate) fn succeeded(mut self) {
        self.probes.clear();
        if let Some(governor) = &self.governor {
            governor.succeeded(&self.provider, &self.model);
        }
    }

    /// The provider failed. Returns until when its lane is closed now, if it is.
    pub(crate) fn failed(self, class: Class, why: &str) -> Option<Timestamp> {
        self.governor.as_ref()?.failed(&self.provider, &self.model, class, why)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(governor) = self.governor.as_ref().filter(|_| !self.probes.is_empty()) {
            release(&mut governor.lock(), &self.probes);
        }
    }
}

fn keys(provider: &str, model: &str) -> [LaneKey; 2] {
    let key = |model: Option<&str>| LaneKey { provider: provider.to_owned(), model: model.map(str::to_owned) };
    [key(None), key(Some(model))]
}

fn release(lanes: &mut HashMap<LaneKey, Lane>, probes: &[LaneKey]) {
    for key in probes {
        if let Some(lane) = lanes.get_mut(key) {
            lane.probing = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use async_trait::async_trait;
    use uuid::Uuid;

    use super::*;
    use crate::directory::{Allowance, Call, Caller, NoAllowance, NotEntered, NotReleased};
    use crate::settings::Settings;

    /// A clock that stands.
    #[derive(Debug, Default)]
    struct Seconds(AtomicI64);

    impl Clock for Seconds {
        fn now(&self) -> Timestamp {
            Timestamp::from_second(self.0.load(Ordering::SeqCst)).expect("a time")
        }

        fn mono_ms(&self) -> u64 {
            0
        }
    }

    struct Nobody;

    #[async_trait]
    impl Directory for Nobody {
        async fn caller(&self, _: &str) -> Option<Caller> {
            None
        }

        fn settings(&self) -> Arc<Settings> {
            Arc::default()
        }

        async fn allowance(&self, _: &Caller, _: u64) -> Result<Allowance, NoAllowance> {
            Err(NoAllowance::Unavailable { message: String::new() })
        }

        async fn key_used(&self, _: &Caller, _: &str) -> Result<(), NotEntered> {
            Ok(())
        }

        fn settle(&self, _: Call) {}

        async fn refused(&self, _: Result<&Caller, Option<&str>>, _: &str, _: &str) {}

        async fn release(&self, _: Uuid) -> Result<(), NotReleased> {
            Ok(())
        }

        fn lane_closed(&self, _: ClosedLane) {}

        fn lane_opened(&self, _: &str, _: Option<&str>) {}
    }

    #[test]
    fn a_slow_probe_holds_others_back_for_a_few_seconds_only() {
        let clock = Arc::new(Seconds::default());
        let governor = Arc::new(Governor::new(Arc::new(Nobody), clock.clone(), &[]));
        let admit = || governor.admit("p", "m");
        let failing = admit().unwrap_or_else(|_| panic!("the lane is open"));
        failing.failed(Class::RateLimited { retry_after: Some(Duration::from_secs(10)) }, "quota");
        clock.0.store(9, Ordering::SeqCst);
        assert!(admit().is_err(), "it is closed");
        clock.0.store(10, Ordering::SeqCst);
        let slow = admit().unwrap_or_else(|_| panic!("one finds out"));
        clock.0.store(14, Ordering::SeqCst);
        assert!(admit().is_err(), "somebody finds out already");
        clock.0.store(15, Ordering::SeqCst);
        let second = admit().unwrap_or_else(|_| panic!("the first takes too long"));
        assert!(admit().is_err(), "one at a time");
        second.succeeded();
        assert!(admit().is_ok() && governor.view().is_empty(), "it is open for all");
        drop(slow);
        assert!(admit().is_ok());
    }

    #[test]
    fn what_closes_a_lane_for_longer_is_what_callers_are_told() {
        let governor = Arc::new(Governor::new(Arc::new(Nobody), Arc::new(Seconds::default()), &[]));
        let admit = || governor.admit("p", "m").unwrap_or_else(|_| panic!("the lane is open"));
        // Both are under way when the money is found to be used up.
        let (first, second) = (admit(), admit());
        first.failed(Class::SpendLimit, "no money");
        let told = |governor: &Arc<Governor>| match governor.admit("p", "m") {
            Ok(_) => panic!("it is closed"),
            Err(closed) => closed.class,
        };
        assert_eq!(told(&governor), Class::SpendLimit);
        second.failed(Class::Authentication, "no key");
        assert_eq!(told(&governor), Class::SpendLimit);
    }
}
