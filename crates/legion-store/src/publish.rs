//! The live end of a log. For implementations of [`crate::Log`].

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::broadcast;

use crate::Record;
use crate::log::LIVE_BATCHES_MAX;

/// Hands committed batches to the subscribers, until it is closed.
#[derive(Debug)]
pub struct Publisher {
    sender: Mutex<Option<broadcast::Sender<Arc<[Record]>>>>,
}

impl Default for Publisher {
    fn default() -> Self {
        Self::new()
    }
}

impl Publisher {
    pub fn new() -> Self {
        Self { sender: Mutex::new(Some(broadcast::Sender::new(LIVE_BATCHES_MAX))) }
    }

    /// Publishes a batch. Nobody needs to listen.
    pub fn publish(&self, batch: Arc<[Record]>) {
        if let Some(sender) = &*self.lock() {
            // An error only says that nobody listens.
            let _ = sender.send(batch);
        }
    }

    /// Returns a receiver of what is published from now on; one that is closed already if this is.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<[Record]>> {
        match &*self.lock() {
            Some(sender) => sender.subscribe(),
            None => broadcast::Sender::new(1).subscribe(),
        }
    }

    /// Ends all subscriptions once they have received what was published.
    pub fn close(&self) {
        *self.lock() = None;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<broadcast::Sender<Arc<[Record]>>>> {
        // No code that can panic runs under this lock.
        self.sender.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
