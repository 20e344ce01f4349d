//! Places for connections, and who makes room when they are taken: whoever has been here for longest without saying who it is.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// How long one that was cut may take to go.
const CUT_AGAIN: Duration = Duration::from_millis(100);

/// Places for a bounded number of connections. Everybody on this machine can open one, and say nothing: so nobody who is not known holds
/// one against others.
pub(crate) struct Places {
    free: Arc<Semaphore>,
    strangers: Arc<Strangers>,
}

/// Connections whose caller is not known yet, by when they came.
#[derive(Default)]
struct Strangers(Mutex<Queue>);

#[derive(Default)]
struct Queue {
    next: u64,
    waiting: BTreeMap<u64, CancellationToken>,
}

/// A connection whose caller is not known yet. It may have to make room while it says nothing.
pub(crate) struct Stranger {
    all: Arc<Strangers>,
    number: u64,
    /// It has to make room.
    pub(crate) cut: CancellationToken,
}

impl Places {
    pub(crate) fn new(connections_max: usize) -> Self {
        Self { free: Arc::new(Semaphore::new(connections_max)), strangers: Arc::default() }
    }

    /// A place for the next connection. Where none is free, the oldest stranger is cut, and the next when that does not help.
    pub(crate) async fn take(&self) -> OwnedSemaphorePermit {
        if let Ok(place) = self.free.clone().try_acquire_owned() {
            return place;
        }
        loop {
            self.make_room();
            let free = self.free.clone().acquire_owned();
            if let Ok(place) = tokio::time::timeout(CUT_AGAIN, free).await {
                return place.expect("the places are never closed");
            }
        }
    }

    /// Cuts the oldest stranger. False when there is none.
    pub(crate) fn make_room(&self) -> bool {
        self.strangers.cut_oldest()
    }

    /// One more of whom nothing is known.
    pub(crate) fn stranger(&self) -> Arc<Stranger> {
        let cut = CancellationToken::new();
        let mut queue = self.strangers.lock();
        let number = queue.next;
        queue.next += 1;
        queue.waiting.insert(number, cut.clone());
        Arc::new(Stranger { all: self.strangers.clone(), number, cut })
    }
}

impl Strangers {
    fn cut_oldest(&self) -> bool {
        let oldest = self.lock().waiting.pop_first();
        oldest.as_ref().is_some_and(|(_, oldest)| {
            oldest.cancel();
            true
        })
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stranger {
    /// It asks something: nobody takes its place while that is looked at, nor afterwards, unless it turns out to be nobody.
    pub(crate) fn asks(&self) {
        self.all.lock().waiting.remove(&self.number);
    }

    /// It was answered, and who it is is not known.
    pub(crate) fn is_nobody(&self) {
        self.all.lock().waiting.insert(self.number, self.cut.clone());
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        self.asks();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_oldest_stranger_makes_room_and_whoever_is_known_never_does() {
        let places = Places::new(3);
        let mut held = Vec::new();
        let (known, first, second) = (places.stranger(), places.stranger(), places.stranger());
        for _ in 0..3 {
            held.push(places.take().await);
        }
        known.asks();
        second.asks();
        second.is_nobody();
        let mut waiting = Box::pin(places.take());
        tokio::select! {
            biased;
            _ = &mut waiting => panic!("there is no place yet"),
            () = first.cut.cancelled() => {}
        }
        assert!(!known.cut.is_cancelled() && !second.cut.is_cancelled());
        held.pop();
        let _place = waiting.await;
        drop(second);
        // Nobody is left to be cut: one waits as before.
        assert!(tokio::time::timeout(std::time::Duration::ZERO, places.take()).await.is_err());
        assert!(!known.cut.is_cancelled());
        assert!(places.strangers.lock().waiting.is_empty());
    }
}
