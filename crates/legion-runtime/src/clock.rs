//! Time. Handed in wherever it is needed, so that a test can hold it.

use std::time::Instant;

use jiff::Timestamp;

/// Both clocks of the machine.
pub trait Clock: Send + Sync + 'static {
    /// Wall-clock time, UTC.
    fn now(&self) -> Timestamp;
    /// Milliseconds that passed since some fixed point; never goes back, stands still while the machine sleeps.
    fn mono_ms(&self) -> u64;
}

/// The clocks of the machine we run on.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    started: Instant,
}

impl SystemClock {
    /// Counts monotonic time from now.
    pub fn new() -> Self {
        Self { started: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
    fn mono_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
