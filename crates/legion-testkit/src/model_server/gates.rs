//! Gates: answers that wait until the test says so.

use std::collections::HashSet;
use std::time::Duration;

use tokio::sync::watch;

/// How long an answer waits at a gate that nobody opens.
pub(super) const GATE_WAIT_MAX: Duration = Duration::from_secs(120);

/// The set of open gates. A gate that was opened stays open.
#[derive(Debug)]
pub(super) struct Gates {
    open: watch::Sender<HashSet<String>>,
}

impl Gates {
    pub fn new() -> Self {
        Self { open: watch::Sender::new(HashSet::new()) }
    }

    pub fn open(&self, name: &str) {
        self.open.send_modify(|open| {
            open.insert(name.to_owned());
        });
    }

    /// Waits for a gate. Returns false when nobody opened it in time.
    pub async fn pass(&self, name: &str) -> bool {
        let mut open = self.open.subscribe();
        let opened = open.wait_for(|open| open.contains(name));
        matches!(tokio::time::timeout(GATE_WAIT_MAX, opened).await, Ok(Ok(_)))
    }
}
