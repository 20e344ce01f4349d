//! The log in memory: for tests and simulations, with the faults they need.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tokio::sync::broadcast;

use crate::log::{READ_BYTES_MAX, READ_RECORDS_MAX, check_batch};
use crate::snapshot::SNAPSHOT_BYTES_MAX;
use crate::{
    AppendError, Appended, Log, NewRecord, Publisher, ReadError, Record, Snapshot, SnapshotError, StreamHead, StreamId,
};

/// A log that lives as long as its last clone. Durable against nothing.
#[derive(Debug, Clone, Default)]
pub struct MemoryLog {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    publisher: Publisher,
}

#[derive(Debug, Default)]
struct State {
    /// All records; the one at index `i` has position `i + 1`.
    records: Vec<Record>,
    /// Positions of the records of each stream; the one at index `i` has version `i + 1`.
    streams: BTreeMap<StreamId, Vec<u64>>,
    snapshots: BTreeMap<StreamId, Snapshot>,
    full: bool,
    closed: Option<String>,
}

impl MemoryLog {
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes every append fail with [`AppendError::Full`], or lets them succeed again.
    pub fn set_full(&self, full: bool) {
        self.state().full = full;
    }

    /// Closes the log for ever, as a store does whose file was deleted.
    pub fn close(&self, reason: impl Into<String>) {
        self.state().closed.get_or_insert(reason.into());
        self.shared.publisher.close();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn readable(&self) -> Result<MutexGuard<'_, State>, ReadError> {
        let state = self.state();
        match &state.closed {
            Some(reason) => Err(ReadError::Closed(reason.clone())),
            None => Ok(state),
        }
    }
}

impl State {
    fn version(&self, stream: &StreamId) -> u64 {
        self.streams.get(stream).map_or(0, |positions| positions.len() as u64)
    }
}

/// Cuts a page off `records`.
fn page<'a>(records: impl Iterator<Item = &'a Record>, limit: usize) -> Vec<Record> {
    let mut bytes = 0;
    let mut page = Vec::new();
    for record in records.take(limit.clamp(1, READ_RECORDS_MAX)) {
        bytes += record.body.len();
        page.push(record.clone());
        if bytes > READ_BYTES_MAX {
            break;
        }
    }
    page
}

/// Elements after the first `count`; empty if there are fewer.
fn after<T>(items: &[T], count: u64) -> &[T] {
    usize::try_from(count).ok().and_then(|count| items.get(count..)).unwrap_or(&[])
}

#[async_trait]
impl Log for MemoryLog {
    async fn append(&self, stream: &StreamId, expected: u64, records: Vec<NewRecord>) -> Result<Appended, AppendError> {
        check_batch(&records)?;
        let mut state = self.state();
        if let Some(reason) = &state.closed {
            return Err(AppendError::Closed(reason.clone()));
        }
        let actual = state.version(stream);
        if actual != expected {
            return Err(AppendError::Conflict { expected, actual });
        }
        if state.full {
            return Err(AppendError::Full);
        }
        let first = state.records.len() as u64 + 1;
        let batch: Arc<[Record]> = (0..)
            .zip(records)
            .map(|(index, new)| Record {
                position: first + index,
                stream: stream.clone(),
                version: expected + 1 + index,
                batch: first,
                at: new.at,
                kind: new.kind,
                schema: new.schema,
                body: new.body,
            })
            .collect();
        let last = first + batch.len() as u64 - 1;
        state.records.extend_from_slice(&batch);
        state.streams.entry(stream.clone()).or_default().extend(first..=last);
        let version = expected + batch.len() as u64;
        // Under the lock, so that batches are published in the order of their positions.
        self.shared.publisher.publish(batch);
        Ok(Appended { first_position: first, last_position: last, version })
    }

    async fn read(&self, stream: &StreamId, after_version: u64, limit: usize) -> Result<Vec<Record>, ReadError> {
        let state = self.readable()?;
        let positions = state.streams.get(stream).map_or(&[][..], |positions| after(positions, after_version));
        Ok(page(positions.iter().map(|position| &state.records[*position as usize - 1]), limit))
    }

    async fn read_all(&self, after_position: u64, limit: usize) -> Result<Vec<Record>, ReadError> {
        let state = self.readable()?;
        Ok(page(after(&state.records, after_position).iter(), limit))
    }

    async fn last_position(&self) -> Result<u64, ReadError> {
        Ok(self.readable()?.records.len() as u64)
    }

    async fn version(&self, stream: &StreamId) -> Result<u64, ReadError> {
        Ok(self.readable()?.version(stream))
    }

    async fn streams(&self) -> Result<Vec<StreamHead>, ReadError> {
        let state = self.readable()?;
        let head = |(stream, positions): (&StreamId, &Vec<u64>)| StreamHead {
            stream: stream.clone(),
            version: positions.len() as u64,
        };
        Ok(state.streams.iter().map(head).collect())
    }

    fn subscribe(&self) -> broadcast::Receiver<Arc<[Record]>> {
        self.shared.publisher.subscribe()
    }

    async fn snapshot_save(&self, stream: &StreamId, snapshot: Snapshot) -> Result<(), SnapshotError> {
        if snapshot.body.len() > SNAPSHOT_BYTES_MAX {
            return Err(SnapshotError::TooLarge { bytes: snapshot.body.len() });
        }
        let mut state = self.state();
        if let Some(reason) = &state.closed {
            return Err(SnapshotError::Closed(reason.clone()));
        }
        let actual = state.version(stream);
        if snapshot.version > actual {
            return Err(SnapshotError::Ahead { version: snapshot.version, actual });
        }
        if state.full {
            return Err(SnapshotError::Full);
        }
        let newer = |old: &Snapshot| old.fold == snapshot.fold && old.version > snapshot.version;
        if !state.snapshots.get(stream).is_some_and(newer) {
            state.snapshots.insert(stream.clone(), snapshot);
        }
        Ok(())
    }

    async fn snapshot_load(&self, stream: &StreamId, fold: &str) -> Result<Option<Snapshot>, SnapshotError> {
        let mut state = self.state();
        if let Some(reason) = &state.closed {
            return Err(SnapshotError::Closed(reason.clone()));
        }
        let version = state.version(stream);
        let Some(found) = state.snapshots.get(stream) else { return Ok(None) };
        if found.fold == fold && found.version <= version {
            return Ok(Some(found.clone()));
        }
        state.snapshots.remove(stream);
        Ok(None)
    }
}
