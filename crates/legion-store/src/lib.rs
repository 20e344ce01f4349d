//! The log contract: append, read, tail, snapshots; the in-memory log; files by content; the lock of a data directory;
//! the conformance suite. It knows no event: a record's payload is text to it.

#![forbid(unsafe_code)]

mod blob;
mod codec;
#[cfg(feature = "conformance")]
pub mod conformance;
mod error;
mod lock;
mod log;
mod memory;
mod publish;
mod record;
mod reserve;
mod snapshot;
mod stream;
mod tail;

pub use blob::{BLOB_BYTES_MAX, BlobError, BlobStore, Digest, DigestError};
pub use codec::{CodecError, KINDS, decode, encode};
pub use error::{AppendError, ReadError, SnapshotError, Source};
pub use lock::{DataDirLock, LockError};
pub use log::{
    BATCH_BYTES_MAX, BATCH_RECORDS_MAX, LIVE_BATCHES_MAX, Log, READ_BYTES_MAX, READ_RECORDS_MAX, check_batch,
};
pub use memory::MemoryLog;
pub use publish::Publisher;
pub use record::{Appended, NewRecord, Record, StreamHead};
pub use reserve::{RESERVE_BYTES, Reserve};
pub use snapshot::{SNAPSHOT_BYTES_MAX, Snapshot};
pub use stream::{STREAM_ID_BYTES_MAX, StreamId, StreamIdError};
pub use tail::{Tail, follow};
