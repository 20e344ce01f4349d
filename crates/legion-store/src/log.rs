//! The contract of the log.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::broadcast;

use crate::{AppendError, Appended, NewRecord, ReadError, Record, Snapshot, SnapshotError, StreamHead, StreamId};

/// Most records of one batch: most steps of the organisation are tens of records, but a plan of 10,000 tickets is one step, and so is
/// stopping all of a project's tickets with what follows from it.
pub const BATCH_RECORDS_MAX: usize = 100_000;
/// Most bytes of one batch (kinds and bodies): large bodies belong into files by content, see [`crate::BlobStore`].
pub const BATCH_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Most records of one page of a read, whatever `limit` says.
pub const READ_RECORDS_MAX: usize = 4_096;
/// A page of a read ends after the record with which it exceeds this many bytes of bodies.
pub const READ_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Batches a subscriber may be behind before it is told that it lagged.
pub const LIVE_BATCHES_MAX: usize = 1_024;

/// An ordered, durable log of facts in streams.
///
/// Every store passes the `conformance` suite of this crate.
#[async_trait]
pub trait Log: Send + Sync + 'static {
    /// Appends a batch, all of it or nothing, if `stream` is still at version `expected` (0: it does not exist yet).
    ///
    /// When it returns, the batch survives a loss of power and has been published to the subscribers. Dropping the
    /// future does not take the append back: it may still happen.
    async fn append(&self, stream: &StreamId, expected: u64, records: Vec<NewRecord>) -> Result<Appended, AppendError>;

    /// Returns records of `stream` with a version above `after_version`, in order.
    ///
    /// `limit` is held between 1 and [`READ_RECORDS_MAX`], and a page may be shorter (see [`READ_BYTES_MAX`]): only an
    /// empty page means the end. A page may end inside a batch.
    async fn read(&self, stream: &StreamId, after_version: u64, limit: usize) -> Result<Vec<Record>, ReadError>;

    /// Returns records of all streams with a position above `after_position`, in order; paged like [`Log::read`].
    async fn read_all(&self, after_position: u64, limit: usize) -> Result<Vec<Record>, ReadError>;

    /// Returns the position of the newest record; 0 in an empty log.
    async fn last_position(&self) -> Result<u64, ReadError>;

    /// Returns the version of `stream`; 0 if it does not exist.
    async fn version(&self, stream: &StreamId) -> Result<u64, ReadError>;

    /// Returns every stream with at least one record, by name.
    async fn streams(&self) -> Result<Vec<StreamHead>, ReadError>;

    /// Returns a receiver of all batches committed from now on, each whole, in the order of positions.
    ///
    /// A receiver that is [`LIVE_BATCHES_MAX`] batches behind loses the oldest and is told so; it goes on with
    /// [`Log::read_all`]. [`crate::follow`] does that for you. The channel closes when the log does.
    fn subscribe(&self) -> broadcast::Receiver<Arc<[Record]>>;

    /// Keeps `snapshot` as the one of `stream`, unless a newer one of the same fold is there.
    async fn snapshot_save(&self, stream: &StreamId, snapshot: Snapshot) -> Result<(), SnapshotError>;

    /// Returns the snapshot of `stream` made by `fold`. One that another fold made, or that is ahead of the stream, is
    /// dropped.
    async fn snapshot_load(&self, stream: &StreamId, fold: &str) -> Result<Option<Snapshot>, SnapshotError>;
}

/// Refuses a batch that no store takes. For implementations of [`Log`].
pub fn check_batch(records: &[NewRecord]) -> Result<(), AppendError> {
    if records.is_empty() {
        return Err(AppendError::Empty);
    }
    let bytes = records.iter().map(|record| record.kind.len() + record.body.len()).sum();
    if records.len() > BATCH_RECORDS_MAX || bytes > BATCH_BYTES_MAX {
        return Err(AppendError::TooLarge { records: records.len(), bytes });
    }
    Ok(())
}
