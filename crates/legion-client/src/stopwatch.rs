//! Time that passed since a call began. The only place here that looks at a clock.

use std::time::Duration;

use tokio::time::Instant;

/// Counts from its start. It follows tokio's clock, so a test can hold it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    pub(crate) fn start() -> Self {
        // tidy: clock: bounds of waiting only; no time leaves this crate
        Self(Instant::now())
    }

    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}
