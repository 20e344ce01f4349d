//! Named points at which a test ends the service, as a crash would: no destructor runs, nothing is flushed.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

/// Every point, for the tests that go through all of them.
pub(crate) const NAMES: &[&str] = &[
    "keeper.before-append",
    "keeper.after-append",
    "keeper.after-reply",
    "hands.before-start",
    "hands.after-start",
    "hands.before-write",
    "hands.after-write",
    "hands.before-observed",
    "hands.after-observed",
    "hands.before-ended",
    "hands.after-ended",
    "tickets.before-prepare",
    "tickets.after-prepare",
    "tickets.answered-prepare",
    "tickets.before-review",
    "tickets.after-review",
    "tickets.answered-review",
    "tickets.before-collect",
    "tickets.after-collect",
    "tickets.answered-collect",
    "tickets.before-build",
    "tickets.after-build",
    "tickets.answered-build",
    "tickets.before-gate",
    "tickets.gate-started",
    "tickets.after-gate",
    "tickets.answered-gate",
    "tickets.before-move",
    "tickets.before-update-ref",
    "tickets.after-update-ref",
    "tickets.after-move",
    "tickets.answered-move",
    "tickets.before-rescue",
    "tickets.after-rescue",
    "tickets.answered-rescue",
    "tickets.before-remove",
    "tickets.before-removal",
    "tickets.after-remove",
    "tickets.answered-remove",
];

/// How many passes each point has left.
#[derive(Debug, Default)]
pub(crate) struct Failpoints(BTreeMap<&'static str, AtomicU64>);

impl Failpoints {
    /// From `NAME=N,NAME=N`: the N-th pass of the point ends the service. Unknown names are ignored.
    pub(crate) fn parse(text: Option<&str>) -> Self {
        let points = text.unwrap_or_default().split(',').filter_map(|part| {
            let (name, passes) = part.split_once('=')?;
            let name = NAMES.iter().find(|known| **known == name.trim())?;
            Some((*name, AtomicU64::new(passes.trim().parse().ok()?)))
        });
        Self(points.collect())
    }

    /// Passes a point.
    pub(crate) fn pass(&self, name: &'static str) {
        if let Some(left) = self.0.get(name)
            && left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| Some(left.saturating_sub(1))) == Ok(1)
        {
            std::process::abort();
        }
    }
}
