//! The plan: steps in the making, and when to look again.

use super::{deadlines, deliveries, liveness, processes, tickets};
use crate::organisation::Organisation;
use crate::step::Step;
use crate::world::{Now, World};

/// Steps to take now, and when to look again at the latest even if nothing happens: milliseconds on the monotonic clock.
pub fn reconcile(state: &Organisation, world: &World, now: Now) -> (Vec<Step>, Option<u64>) {
    let mut plan = Plan { now, steps: Vec::new(), wake_ms: None };
    processes::reconcile(state, world, &mut plan);
    deliveries::reconcile(state, world, &mut plan);
    deadlines::reconcile(state, &mut plan);
    liveness::reconcile(state, world, &mut plan);
    tickets::reconcile(state, world, &mut plan);
    (plan.steps, plan.wake_ms)
}

/// Steps in the making.
pub(super) struct Plan {
    pub(super) now: Now,
    steps: Vec<Step>,
    wake_ms: Option<u64>,
}

impl Plan {
    pub(super) fn step(&mut self, step: Step) {
        self.steps.push(step);
    }

    /// Looks again at this time of the monotonic clock.
    pub(super) fn wake_at(&mut self, mono_ms: u64) {
        self.wake_ms = Some(self.wake_ms.map_or(mono_ms, |earliest| earliest.min(mono_ms)));
    }

    /// Gives the step when its time on the wall clock has come; otherwise looks again then.
    pub(super) fn when(&mut self, at: jiff::Timestamp, step: impl FnOnce() -> Step) {
        let left_ms = at.duration_since(self.now.wall).as_millis();
        match u64::try_from(left_ms) {
            Ok(left) if left > 0 => self.wake_at(self.now.mono_ms.saturating_add(left)),
            _ if at > self.now.wall => self.wake_at(self.now.mono_ms.saturating_add(1)),
            _ => self.steps.push(step()),
        }
    }
}
