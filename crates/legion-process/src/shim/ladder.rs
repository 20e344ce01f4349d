//! The rungs by which a program is ended: interrupt, terminate, kill the tree.

use std::time::{Duration, Instant};

use crate::ExitCause;

/// The most that a peer may ask for between two rungs.
const GRACE_MAX: Duration = Duration::from_secs(600);

/// What to do to the program now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rung {
    Interrupt,
    Terminate,
    KillTree,
}

/// An end under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ladder {
    pub cause: ExitCause,
    grace: Duration,
    next: Rung,
    next_at: Instant,
}

impl Ladder {
    pub fn begin(cause: ExitCause, grace: Duration, interrupt: bool, now: Instant) -> Self {
        let first = if interrupt { Rung::Interrupt } else { Rung::Terminate };
        Self { cause, grace: grace.min(GRACE_MAX), next: first, next_at: now }
    }

    /// Another request to end: it can only make the end come sooner.
    pub fn hasten(&mut self, grace: Duration, interrupt: bool, now: Instant) {
        self.grace = self.grace.min(grace);
        let sooner = match self.next {
            Rung::Interrupt | Rung::Terminate if !interrupt => {
                self.next = Rung::Terminate;
                now
            }
            _ => now + self.grace,
        };
        self.next_at = self.next_at.min(sooner);
    }

    /// Returns the rung that is due, each once, and the last again and again.
    pub fn due(&mut self, now: Instant) -> Option<Rung> {
        if now < self.next_at {
            return None;
        }
        let rung = self.next;
        self.next = match rung {
            Rung::Interrupt => Rung::Terminate,
            Rung::Terminate | Rung::KillTree => Rung::KillTree,
        };
        // After the kill the program may stay in the kernel for a while: try again, not at once.
        self.next_at = match rung {
            Rung::KillTree => now + Duration::from_millis(100),
            _ => now + self.grace,
        };
        Some(rung)
    }

    pub fn next_at(&self) -> Instant {
        self.next_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rungs_come_in_order_and_a_second_request_only_hastens() {
        let now = Instant::now();
        let second = Duration::from_secs(1);
        let mut ladder = Ladder::begin(ExitCause::Stopped, 10 * second, true, now);
        assert_eq!(ladder.due(now), Some(Rung::Interrupt));
        assert_eq!(ladder.due(now + 9 * second), None);
        ladder.hasten(20 * second, true, now);
        assert_eq!(ladder.due(now + 10 * second), Some(Rung::Terminate));
        ladder.hasten(second, false, now + 10 * second);
        assert_eq!(ladder.due(now + 11 * second), Some(Rung::KillTree));
        assert_eq!(ladder.due(now + 12 * second), Some(Rung::KillTree));
    }
}
