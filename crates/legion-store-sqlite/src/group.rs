//! Group commit: what waits together is written in one transaction, and one sync of the disk answers all of it.

use std::sync::Arc;

use legion_store::{AppendError, Appended, NewRecord, Record, Snapshot, SnapshotError, Source, StreamId};
use rusqlite::{Connection, ErrorCode, TransactionBehavior, ffi};
use tokio::sync::oneshot;

use crate::shared::Shared;
use crate::{append, snapshot};

/// Below this much free space a failed write means a full disk, even where SQLite has another name for it (it has one
/// for the memory-mapped index of the write-ahead log).
const FULL_BYTES: u64 = 1024 * 1024;

/// Something to write, and where the answer goes.
pub enum Write {
    Append {
        stream: StreamId,
        expected: u64,
        records: Vec<NewRecord>,
        reply: oneshot::Sender<Result<Appended, AppendError>>,
    },
    SnapshotSave {
        stream: StreamId,
        snapshot: Snapshot,
        reply: oneshot::Sender<Result<(), SnapshotError>>,
    },
    SnapshotDrop {
        stream: StreamId,
        fold: String,
        reply: oneshot::Sender<Result<(), SnapshotError>>,
    },
}

/// What came of one write of a transaction that is committed.
enum Done {
    Append(Result<Appended, AppendError>),
    Snapshot(Result<(), SnapshotError>),
}

/// Why a transaction was not committed.
#[derive(Debug)]
pub enum Failure {
    /// Rolled back; it succeeds when there is space.
    Full,
    /// Rolled back; nothing is known to be wrong with the database.
    Refused(Source),
    /// What is on the disk is unknown, or the database is damaged: the log must end.
    Fatal(Source),
}

/// Writes a group and answers it. Ends the log when it can no longer be trusted.
pub fn commit(connection: &mut Connection, shared: &Shared, group: Vec<Write>) {
    if let Err(reason) = shared.check() {
        return close(group, &reason);
    }
    match transact(connection, shared, &group) {
        // Only what is in the files under their names now has been kept.
        Ok(done) => match shared.check() {
            Ok(()) => group.into_iter().zip(done).for_each(|(write, done)| answer(shared, write, done)),
            Err(reason) => close(group, &reason),
        },
        // A large batch must not fail the small ones that came with it.
        Err(Failure::Full) if group.len() > 1 => {
            group.into_iter().for_each(|write| commit(connection, shared, vec![write]));
        }
        Err(Failure::Full) => {
            tracing::warn!(path = %shared.path.display(), "disk full, nothing written");
            group.into_iter().for_each(|write| write.refuse(|| AppendError::Full, || SnapshotError::Full));
        }
        Err(Failure::Refused(source)) => {
            tracing::error!(path = %shared.path.display(), error = %source, "nothing written");
            fail(group, &source);
        }
        Err(Failure::Fatal(source)) => {
            tracing::error!(path = %shared.path.display(), error = %source, "write failed, state of the disk unknown");
            shared.end(format!("a write to `{}` failed: {source}", shared.path.display()));
            fail(group, &source);
        }
    }
}

/// One transaction for the whole group. A write that is refused has written nothing, so that the others stand.
fn transact(connection: &mut Connection, shared: &Shared, group: &[Write]) -> Result<Vec<Done>, Failure> {
    let classify = |error| classify(error, shared, false);
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(classify)?;
    let mut last = append::last_position(&transaction).map_err(classify)?;
    let mut done = Vec::with_capacity(group.len());
    for write in group {
        done.push(write_in_txn(&transaction, write, &mut last).map_err(classify)?);
    }
    transaction.commit().map_err(|error| self::classify(error, shared, true))?;
    Ok(done)
}

fn write_in_txn(connection: &Connection, write: &Write, last: &mut u64) -> rusqlite::Result<Done> {
    Ok(match write {
        Write::Append { stream, expected, records, .. } => {
            let appended = append::append_in_txn(connection, *last, stream, *expected, records)?;
            if let Ok(appended) = &appended {
                *last = appended.last_position;
            }
            Done::Append(appended)
        }
        Write::SnapshotSave { stream, snapshot, .. } => {
            Done::Snapshot(snapshot::save_in_txn(connection, stream, snapshot)?)
        }
        Write::SnapshotDrop { stream, fold, .. } => {
            snapshot::drop_foreign_in_txn(connection, stream, fold)?;
            Done::Snapshot(Ok(()))
        }
    })
}

/// Publishes what was appended, then answers. That nobody waits for the answer any more changes nothing.
fn answer(shared: &Shared, write: Write, done: Done) {
    match (write, done) {
        (Write::Append { stream, records, reply, .. }, Done::Append(result)) => {
            if let Ok(appended) = &result {
                shared.publisher.publish(batch(&stream, appended, records));
            }
            let _ = reply.send(result);
        }
        (Write::SnapshotSave { reply, .. } | Write::SnapshotDrop { reply, .. }, Done::Snapshot(result)) => {
            let _ = reply.send(result);
        }
        (_, _) => unreachable!("each write has its own answer"),
    }
}

fn batch(stream: &StreamId, appended: &Appended, records: Vec<NewRecord>) -> Arc<[Record]> {
    let version_before = appended.version - records.len() as u64;
    let place = |(index, new): (u64, NewRecord)| Record {
        position: appended.first_position + index,
        stream: stream.clone(),
        version: version_before + 1 + index,
        batch: appended.first_position,
        at: new.at,
        kind: new.kind,
        schema: new.schema,
        body: new.body,
    };
    (0..).zip(records).map(place).collect()
}

/// Answers a group that can no longer be written.
pub fn close(group: Vec<Write>, reason: &str) {
    for write in group {
        write.refuse(|| AppendError::Closed(reason.to_owned()), || SnapshotError::Closed(reason.to_owned()));
    }
}

fn fail(group: Vec<Write>, source: &Source) {
    for write in group {
        write.refuse(|| AppendError::Failed(source.clone()), || SnapshotError::Failed(source.clone()));
    }
}

impl Write {
    /// Bytes that it holds in memory, roughly.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Append { records, .. } => {
                records.iter().map(|record| size_of::<NewRecord>() + record.kind.len() + record.body.len()).sum()
            }
            Self::SnapshotSave { snapshot, .. } => snapshot.body.len(),
            Self::SnapshotDrop { .. } => 0,
        }
    }

    fn refuse(self, append: impl Fn() -> AppendError, snapshot: impl Fn() -> SnapshotError) {
        // An error only says that nobody waits any more.
        match self {
            Self::Append { reply, .. } => drop(reply.send(Err(append()))),
            Self::SnapshotSave { reply, .. } | Self::SnapshotDrop { reply, .. } => {
                drop(reply.send(Err(snapshot())));
            }
        }
    }
}

fn classify(error: rusqlite::Error, shared: &Shared, committing: bool) -> Failure {
    let extended = error.sqlite_error().map_or(0, |error| error.extended_code);
    // After a failed sync the kernel may have dropped the pages: a second sync would succeed and prove nothing.
    let sync_failed = matches!(extended, ffi::SQLITE_IOERR_FSYNC | ffi::SQLITE_IOERR_DIR_FSYNC);
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => Failure::Full,
        Some(ErrorCode::DatabaseBusy) => Failure::Refused(Arc::new(error)),
        Some(ErrorCode::SystemIoFailure) if !sync_failed && is_full(shared) => Failure::Full,
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Failure::Fatal(Arc::new(error)),
        _ if sync_failed || committing => Failure::Fatal(Arc::new(error)),
        _ => Failure::Refused(Arc::new(error)),
    }
}

fn is_full(shared: &Shared) -> bool {
    rustix::fs::statvfs(&shared.path).is_ok_and(|space| space.f_bavail.saturating_mul(space.f_frsize) < FULL_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Files;
    use crate::schema::open_writer;

    #[test]
    fn only_what_leaves_the_disk_unknown_ends_the_log() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.db");
        let _connection = open_writer(&path).unwrap();
        let shared = Shared::new(path.clone(), Files::note(&path).unwrap());
        let named = |code, committing| match classify(
            rusqlite::Error::SqliteFailure(ffi::Error::new(code), None),
            &shared,
            committing,
        ) {
            Failure::Full => "full",
            Failure::Refused(_) => "refused",
            Failure::Fatal(_) => "fatal",
        };
        for (code, while_writing, at_commit) in [
            (ffi::SQLITE_FULL, "full", "full"),
            (ffi::SQLITE_BUSY, "refused", "refused"),
            (ffi::SQLITE_IOERR_WRITE, "refused", "fatal"),
            (ffi::SQLITE_IOERR_FSYNC, "fatal", "fatal"),
            (ffi::SQLITE_IOERR_DIR_FSYNC, "fatal", "fatal"),
            (ffi::SQLITE_CORRUPT, "fatal", "fatal"),
            (ffi::SQLITE_NOTADB, "fatal", "fatal"),
            (ffi::SQLITE_CONSTRAINT, "refused", "fatal"),
        ] {
            assert_eq!(named(code, false), while_writing, "{code} while writing");
            assert_eq!(named(code, true), at_commit, "{code} at the commit");
        }
    }

    #[test]
    fn a_fatal_failure_ends_the_log_and_answers_everyone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.db");
        let mut connection = open_writer(&path).unwrap();
        let shared = Shared::new(path.clone(), Files::note(&path).unwrap());
        // What holds the record's stream is gone, and that is found out only by the commit.
        let sql: String =
            connection.query_row("SELECT sql FROM sqlite_schema WHERE name = 'record'", [], |row| row.get(0)).unwrap();
        connection
            .execute_batch(&format!(
                "DROP TABLE record; {}; CREATE TRIGGER lose AFTER INSERT ON record BEGIN DELETE FROM stream; END;",
                sql.replace("REFERENCES stream (id)", "REFERENCES stream (id) DEFERRABLE INITIALLY DEFERRED")
            ))
            .unwrap();
        let record = NewRecord { at: jiff::Timestamp::UNIX_EPOCH, kind: "k".into(), schema: 1, body: "{}".into() };
        let (appended, mut append_answer) = oneshot::channel();
        let (dropped, mut drop_answer) = oneshot::channel();
        let stream = StreamId::service();
        let group = vec![
            Write::Append { stream: stream.clone(), expected: 0, records: vec![record], reply: appended },
            Write::SnapshotDrop { stream, fold: "f".into(), reply: dropped },
        ];
        let mut live = shared.publisher.subscribe();
        commit(&mut connection, &shared, group);
        assert!(matches!(append_answer.try_recv().unwrap(), Err(AppendError::Failed(_))));
        assert!(matches!(drop_answer.try_recv().unwrap(), Err(SnapshotError::Failed(_))));
        assert!(shared.ended().is_some_and(|reason| reason.contains("FOREIGN KEY")), "{:?}", shared.ended());
        assert!(live.try_recv().is_err(), "what was not committed was published");
        let left: i64 = connection.query_row("SELECT count(*) FROM record", [], |row| row.get(0)).unwrap();
        assert_eq!(left, 0);
    }
}
