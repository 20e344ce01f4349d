//! Following a log: what is there, then what comes, without gap or duplicate.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::broadcast::{self, error::RecvError};

use crate::log::READ_RECORDS_MAX;
use crate::{Log, ReadError, Record};

/// Follows `log` from the record after `after_position` on (0: from the beginning).
pub fn follow(log: Arc<dyn Log>, after_position: u64) -> Tail {
    // Subscribed before the first read: what is committed in between comes twice and is dropped once, never lost.
    let live = log.subscribe();
    Tail {
        log,
        live,
        position: after_position,
        read: after_position,
        ready: VecDeque::new(),
        partial: Vec::new(),
        phase: Phase::Backfill,
    }
}

/// A place in a log that moves forward batch by batch.
pub struct Tail {
    log: Arc<dyn Log>,
    live: broadcast::Receiver<Arc<[Record]>>,
    /// The last position handed out.
    position: u64,
    /// The last position read while backfilling.
    read: u64,
    /// Whole batches read and not yet handed out.
    ready: VecDeque<Arc<[Record]>>,
    /// Start of a batch whose end the next page will show.
    partial: Vec<Record>,
    phase: Phase,
}

enum Phase {
    /// Reading what lies behind the live end.
    Backfill,
    Live,
}

impl Tail {
    /// Returns the next whole batch; waits for one at the end of the log. `None` when the log has been closed.
    ///
    /// A follower that starts inside a batch gets the rest of it. A slow one never misses a record: it falls back to
    /// reading. Cancel safe. After an error the next call tries again from the same place.
    pub async fn next(&mut self) -> Result<Option<Arc<[Record]>>, ReadError> {
        loop {
            if let Some(batch) = self.ready.pop_front() {
                self.position = batch.last().map_or(self.position, |record| record.position);
                return Ok(Some(batch));
            }
            match self.phase {
                Phase::Backfill => self.backfill().await?,
                Phase::Live => match self.live.recv().await {
                    Ok(batch) => self.take_live(batch),
                    Err(RecvError::Lagged(_)) => self.start_backfill(),
                    // What was published before has been received by now.
                    Err(RecvError::Closed) => return Ok(None),
                },
            }
        }
    }

    /// The position of the last record handed out: where to follow from another time.
    pub fn position(&self) -> u64 {
        self.position
    }

    fn start_backfill(&mut self) {
        self.phase = Phase::Backfill;
        self.read = self.position;
        self.partial.clear();
    }

    /// Reads one page. An empty one ends the backfill, and the batch at hand is then whole.
    async fn backfill(&mut self) -> Result<(), ReadError> {
        let page = self.log.read_all(self.read, READ_RECORDS_MAX).await?;
        if page.is_empty() {
            self.finish_partial();
            self.phase = Phase::Live;
            return Ok(());
        }
        for record in page {
            if self.partial.last().is_some_and(|last| last.batch != record.batch) {
                self.finish_partial();
            }
            self.read = record.position;
            self.partial.push(record);
        }
        Ok(())
    }

    fn finish_partial(&mut self) {
        if !self.partial.is_empty() {
            self.ready.push_back(std::mem::take(&mut self.partial).into());
        }
    }

    /// Takes what is new of a live batch; falls back to reading if something before it is missing.
    fn take_live(&mut self, batch: Arc<[Record]>) {
        let (Some(first), Some(last)) = (batch.first(), batch.last()) else { return };
        if last.position <= self.position {
            return;
        }
        if first.position > self.position + 1 {
            self.start_backfill();
        } else if first.position == self.position + 1 {
            self.ready.push_back(batch);
        } else {
            let new = batch.iter().filter(|record| record.position > self.position).cloned().collect();
            self.ready.push_back(new);
        }
    }
}
