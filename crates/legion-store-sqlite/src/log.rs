//! The log of this crate: hands each call to the thread that does it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use legion_store::{
    AppendError, Appended, Log, NewRecord, ReadError, Record, SNAPSHOT_BYTES_MAX, Snapshot, SnapshotError, StreamHead,
    StreamId, check_batch,
};
use tokio::sync::broadcast;

use crate::backup::{self, BackupReport, Existing};
use crate::error::{BackupError, OpenError};
use crate::files::Files;
use crate::group::Write;
use crate::readers::Readers;
use crate::shared::Shared;
use crate::snapshot::{self, Found};
use crate::writer::{NoAnswer, WriterHandle};
use crate::{append, page, schema};

/// A log in one SQLite database. A handle: clones are the same log.
#[derive(Clone)]
pub struct SqliteLog {
    shared: Arc<Shared>,
    readers: Arc<Readers>,
    writer: Arc<WriterHandle>,
}

impl std::fmt::Debug for SqliteLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteLog").field("path", &self.shared.path).finish_non_exhaustive()
    }
}

impl SqliteLog {
    /// Opens the log at `path`, made if needed; its directory must exist. Blocks: it checks the whole database (up to
    /// 1 GB) and migrates it.
    ///
    /// Hold the [`legion_store::DataDirLock`] of the directory meanwhile: two logs on one file keep each other's
    /// records intact, but do not tell each other's subscribers.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, OpenError> {
        let path = path.into();
        let open = |error| OpenError::Open { path: path.clone(), source: Arc::new(error) };
        let connection = schema::open_writer(&path)?;
        let readers = (0..Readers::count()).map(|_| schema::open_reader(&path)).collect::<Result<Vec<_>, _>>();
        let readers = readers.map_err(open)?;
        for reader in &readers {
            // The first look makes the files beside the database, if they are not there yet.
            append::last_position(reader).map_err(open)?;
        }
        let files = Files::note(&path).map_err(|source| OpenError::Create { path: path.clone(), source })?;
        let shared = Arc::new(Shared::new(path.clone(), files));
        let thread = |source| OpenError::Thread { path: path.clone(), source };
        let readers = Arc::new(Readers::start(readers).map_err(thread)?);
        let writer = WriterHandle::start(connection, shared.clone(), readers.clone()).map_err(thread)?;
        Ok(Self { shared, readers, writer: Arc::new(writer) })
    }

    /// Writes what was handed over, copies the write-ahead log back and closes the files. From then on every call
    /// answers `Closed`. Without it nothing is lost, but the files may stay open for a moment.
    pub async fn close(&self) {
        // No answer: it is closed already.
        let _ = self.writer.close().await;
    }

    /// Returns why the log is closed, `None` while it is open.
    pub fn closed(&self) -> Option<String> {
        self.shared.check().err()
    }

    pub fn path(&self) -> &Path {
        &self.shared.path
    }

    /// Copies the log, as it is at one moment, into one file at `to` that [`SqliteLog::open`] opens. Appends and reads
    /// go on meanwhile. The file is there whole, checked and on the disk, or not at all.
    pub async fn backup(&self, to: &Path, existing: Existing) -> Result<BackupReport, BackupError> {
        backup::run(self.shared.clone(), to.to_owned(), existing).await
    }

    fn append_closed(&self, _: NoAnswer) -> AppendError {
        AppendError::Closed(self.shared.ended_reason())
    }

    fn snapshot_closed(&self, _: NoAnswer) -> SnapshotError {
        SnapshotError::Closed(self.shared.ended_reason())
    }
}

#[async_trait]
impl Log for SqliteLog {
    async fn append(&self, stream: &StreamId, expected: u64, records: Vec<NewRecord>) -> Result<Appended, AppendError> {
        check_batch(&records)?;
        let stream = stream.clone();
        let append = self.writer.write(|reply| Write::Append { stream, expected, records, reply });
        append.await.map_err(|none| self.append_closed(none))?
    }

    async fn read(&self, stream: &StreamId, after_version: u64, limit: usize) -> Result<Vec<Record>, ReadError> {
        let stream = stream.clone();
        let page = self.readers.read(&self.shared, move |connection, patience| {
            page::stream_page(connection, &stream, after_version, limit, patience)
        });
        Ok(page.await?)
    }

    async fn read_all(&self, after_position: u64, limit: usize) -> Result<Vec<Record>, ReadError> {
        let page = self.readers.read(&self.shared, move |connection, patience| {
            page::all_page(connection, after_position, limit, patience)
        });
        Ok(page.await?)
    }

    async fn last_position(&self) -> Result<u64, ReadError> {
        Ok(self.readers.read(&self.shared, |connection, _| Ok(append::last_position(connection)?)).await?)
    }

    async fn version(&self, stream: &StreamId) -> Result<u64, ReadError> {
        let stream = stream.clone();
        Ok(self.readers.read(&self.shared, move |connection, _| Ok(append::version(connection, &stream)?)).await?)
    }

    async fn streams(&self) -> Result<Vec<StreamHead>, ReadError> {
        Ok(self.readers.read(&self.shared, page::heads).await?)
    }

    fn subscribe(&self) -> broadcast::Receiver<Arc<[Record]>> {
        self.shared.publisher.subscribe()
    }

    async fn snapshot_save(&self, stream: &StreamId, snapshot: Snapshot) -> Result<(), SnapshotError> {
        if snapshot.body.len() > SNAPSHOT_BYTES_MAX {
            return Err(SnapshotError::TooLarge { bytes: snapshot.body.len() });
        }
        let stream = stream.clone();
        let save = self.writer.write(|reply| Write::SnapshotSave { stream, snapshot, reply });
        save.await.map_err(|none| self.snapshot_closed(none))?
    }

    async fn snapshot_load(&self, stream: &StreamId, fold: &str) -> Result<Option<Snapshot>, SnapshotError> {
        let (stream, fold) = (stream.clone(), fold.to_owned());
        let (stream_read, fold_read) = (stream.clone(), fold.clone());
        let found = self
            .readers
            .read(&self.shared, move |connection, _| Ok(snapshot::load(connection, &stream_read, &fold_read)?));
        match found.await? {
            Found::Nothing => Ok(None),
            Found::Usable(snapshot) => Ok(Some(snapshot)),
            Found::Foreign => {
                let dropped = self.writer.write(|reply| Write::SnapshotDrop { stream, fold, reply });
                dropped.await.map_err(|none| self.snapshot_closed(none))??;
                Ok(None)
            }
        }
    }
}
