//! Files that are deleted or replaced under an open log: nothing may be answered that nobody will find again.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::common::{batch, make_log, stream};
use legion_store::{AppendError, Log, ReadError, SnapshotError, follow};
use legion_store_sqlite::{Existing, SqliteLog};

async fn closed_by(disturb: impl FnOnce(&Path), reason: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.db");
    let log = SqliteLog::open(&path).unwrap();
    log.append(&stream("service"), 0, batch(1)).await.unwrap();
    disturb(&path);
    let error = log.append(&stream("service"), 1, batch(1)).await.unwrap_err();
    let AppendError::Closed(told) = error else { panic!("{error:?}") };
    assert!(told.ends_with(reason) && told.contains(folder.path().to_str().unwrap()), "{told}");
    // For ever, even if a file of that name comes back.
    fs::write(&path, "").unwrap();
    for _ in 0..2 {
        assert!(matches!(log.append(&stream("service"), 1, batch(1)).await, Err(AppendError::Closed(_))));
        assert!(matches!(log.read_all(0, 1).await, Err(ReadError::Closed(_))));
        assert!(matches!(log.snapshot_load(&stream("service"), "f").await, Err(SnapshotError::Closed(_))));
    }
    assert!(log.backup(&folder.path().join("backup.db"), Existing::Refuse).await.is_err());
    assert_eq!(log.closed().as_deref(), Some(told.as_str()));
    log.close().await;
}

#[tokio::test]
async fn a_deleted_database_ends_the_log() {
    closed_by(|path| fs::remove_file(path).unwrap(), "log.db` was deleted while in use").await;
}

#[tokio::test]
async fn a_deleted_write_ahead_log_ends_the_log() {
    closed_by(|path| fs::remove_file(path.with_extension("db-wal")).unwrap(), "log.db-wal` was deleted while in use")
        .await;
}

#[tokio::test]
async fn a_moved_directory_ends_the_log() {
    let moved = |path: &Path| {
        let folder = path.parent().unwrap();
        let away = folder.join("away");
        fs::create_dir(&away).unwrap();
        for name in ["log.db", "log.db-wal", "log.db-shm"] {
            fs::rename(folder.join(name), away.join(name)).unwrap();
        }
    };
    closed_by(moved, "log.db` was deleted while in use").await;
}

#[tokio::test]
async fn a_replaced_database_ends_the_log_and_is_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.db");
    let log = SqliteLog::open(&path).unwrap();
    log.append(&stream("service"), 0, batch(1)).await.unwrap();
    // Another log takes the place: with its own write-ahead log, open.
    let other = folder.path().join("other.db");
    make_log(&other, 3).await;
    for name in ["log.db", "log.db-wal", "log.db-shm"] {
        fs::remove_file(folder.path().join(name)).unwrap();
    }
    fs::rename(&other, &path).unwrap();
    let newcomer = SqliteLog::open(&path).unwrap();
    newcomer.append(&stream("service"), 3, batch(2)).await.unwrap();

    let error = log.append(&stream("service"), 1, batch(1)).await.unwrap_err().to_string();
    assert!(error.ends_with("log.db` was replaced while in use"), "{error}");
    log.close().await;
    drop(log);
    assert_eq!(newcomer.append(&stream("service"), 5, batch(1)).await.unwrap().version, 6);
    assert_eq!(crate::common::everything(&newcomer).await.len(), 6);
    newcomer.close().await;
    assert_eq!(crate::common::everything(&SqliteLog::open(&path).unwrap()).await.len(), 6);
}

#[tokio::test]
async fn an_idle_log_notices_by_itself_and_ends_its_followers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.db");
    let log = SqliteLog::open(&path).unwrap();
    log.append(&stream("service"), 0, batch(1)).await.unwrap();
    let mut tail = follow(Arc::new(log.clone()), 0);
    assert_eq!(tail.next().await.unwrap().unwrap().len(), 1);
    let waiting = tokio::spawn(async move { tail.next().await });
    fs::remove_file(&path).unwrap();
    let end = tokio::time::timeout(Duration::from_secs(30), waiting).await.expect("it never noticed").unwrap();
    assert!(matches!(end, Ok(None) | Err(ReadError::Closed(_))), "{end:?}");
}
