//! A copy of the log in one file, made while it is in use.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};
use tempfile::NamedTempFile;
use tokio::sync::oneshot;

use crate::append::last_position;
use crate::error::BackupError;
use crate::schema::{open_reader, quick_check, sync_folder_of};
use crate::shared::Shared;

/// Pages copied between two looks whether the log was closed.
const PAGES_PER_STEP: i32 = 4_096;

/// What to do if there is a file already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    Refuse,
    /// Replace it in one step, once the copy is whole.
    Replace,
}

/// What a backup holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackupReport {
    /// The newest position in it.
    pub last_position: u64,
    pub bytes: u64,
}

/// Copies on a thread of its own. Goes on to the end if nobody waits any more: the file is whole or not there.
pub async fn run(shared: Arc<Shared>, to: PathBuf, existing: Existing) -> Result<BackupReport, BackupError> {
    shared.check().map_err(BackupError::Closed)?;
    let (reply, answer) = oneshot::channel();
    let (closed, path) = (shared.clone(), to.clone());
    let work = move || {
        // An error only says that nobody waits any more.
        let _ = reply.send(copy(&shared, &to, existing));
    };
    let started = thread::Builder::new().name("log-backup".into()).spawn(work);
    started.map_err(|source| BackupError::Write { path, source })?;
    answer.await.unwrap_or_else(|_| Err(BackupError::Closed(closed.ended_reason())))
}

fn copy(shared: &Shared, to: &Path, existing: Existing) -> Result<BackupReport, BackupError> {
    let written = |source| BackupError::Write { path: to.to_owned(), source };
    if existing == Existing::Refuse && to.try_exists().map_err(written)? {
        return Err(BackupError::Exists { path: to.to_owned() });
    }
    let folder = match to.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    // In the same folder, because a rename must be atomic. 0600; removed if anything goes wrong.
    let file = NamedTempFile::new_in(folder).map_err(written)?;
    let last_position = copy_into(shared, to, file.path())?;
    file.as_file().sync_all().map_err(written)?;
    let bytes = file.as_file().metadata().map_err(written)?.len();
    match existing {
        Existing::Replace => drop(file.persist(to).map_err(|error| written(error.error))?),
        Existing::Refuse => drop(file.persist_noclobber(to).map_err(|error| match error.error.kind() {
            std::io::ErrorKind::AlreadyExists => BackupError::Exists { path: to.to_owned() },
            _ => written(error.error),
        })?),
    }
    sync_folder_of(to).map_err(written)?;
    tracing::info!(path = %to.display(), bytes, last_position, "log backed up");
    Ok(BackupReport { last_position, bytes })
}

/// Copies into the empty file at `file`, checks the copy, and returns its newest position.
fn copy_into(shared: &Shared, to: &Path, file: &Path) -> Result<u64, BackupError> {
    let failed = |error: rusqlite::Error| BackupError::Copy { path: to.to_owned(), source: Arc::new(error) };
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut copy = Connection::open_with_flags(file, flags).map_err(failed)?;
    // Synced as a whole at the end.
    copy.pragma_update(None, "synchronous", "off").map_err(failed)?;
    let source = open_reader(&shared.path).map_err(failed)?;
    {
        // One view over all steps: without it, every commit in between would start the copy over.
        let view = source.unchecked_transaction().map_err(failed)?;
        last_position(&view).map_err(failed)?;
        let backup = Backup::new(&view, &mut copy).map_err(failed)?;
        // Nobody else has a lock on either side, so that a busy step is an error like any other.
        loop {
            shared.check().map_err(BackupError::Closed)?;
            match backup.step(PAGES_PER_STEP).map_err(failed)? {
                StepResult::Done => break,
                StepResult::More => {}
                busy => return Err(unexpected(to, busy)),
            }
        }
    }
    // One file that stands alone, instead of one that expects a write-ahead log beside it.
    copy.pragma_update(None, "journal_mode", "delete").map_err(failed)?;
    let bytes = std::fs::metadata(file).map_err(|source| BackupError::Write { path: to.to_owned(), source })?.len();
    if let Some(detail) = quick_check(&copy, file, bytes).map_err(failed)? {
        return Err(BackupError::Corrupt { path: to.to_owned(), detail });
    }
    let last = last_position(&copy).map_err(failed)?;
    copy.close().map_err(|(_, error)| failed(error))?;
    Ok(last)
}

fn unexpected(to: &Path, step: StepResult) -> BackupError {
    let source = std::io::Error::other(format!("the database is in use by another program ({step:?})"));
    BackupError::Write { path: to.to_owned(), source }
}
