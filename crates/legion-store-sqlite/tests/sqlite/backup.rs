//! Backups: whole, of one moment, and restored by opening them.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::common::{batch, everything, record, stream};
use legion_store::{Log, Snapshot};
use legion_store_sqlite::{BackupError, Existing, SqliteLog};
use tokio::task::JoinSet;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_taken_while_appending_is_a_log_of_one_moment() {
    let folder = tempfile::tempdir().unwrap();
    let log = SqliteLog::open(folder.path().join("log.db")).unwrap();
    log.append(&stream("service"), 0, vec![record("x".repeat(20_000)); 500]).await.unwrap();
    log.snapshot_save(&stream("service"), Snapshot { version: 500, fold: "f".into(), body: vec![1; 10_000] })
        .await
        .unwrap();
    let mut writers = JoinSet::new();
    for writer in 0..4 {
        let log = log.clone();
        writers.spawn(async move {
            for step in 0..50 {
                log.append(&stream(&format!("project/{writer}")), step * 3, batch(3)).await.unwrap();
            }
        });
    }
    let to = folder.path().join("backup.db");
    let before = log.last_position().await.unwrap();
    let report = log.backup(&to, Existing::Refuse).await.unwrap();
    let after = log.last_position().await.unwrap();
    writers.join_all().await;
    assert!((before..=after).contains(&report.last_position), "{before} {report:?} {after}");
    assert_eq!(report.bytes, fs::metadata(&to).unwrap().len());
    assert_eq!(fs::metadata(&to).unwrap().permissions().mode() & 0o777, 0o600);

    let restored = SqliteLog::open(&to).unwrap();
    let kept = everything(&restored).await;
    assert_eq!(kept.len() as u64, report.last_position);
    let original = everything(&log).await;
    assert!(kept == original[..kept.len()], "the backup differs from the log");
    assert_eq!((kept.len() - 500) % 3, 0, "a batch was torn");
    assert!(restored.snapshot_load(&stream("service"), "f").await.unwrap().is_some());
    let next = restored.append(&stream("service"), 500, batch(1)).await.unwrap();
    assert_eq!(next.first_position, report.last_position + 1);
    restored.close().await;
    log.close().await;
    let mut names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["backup.db", "log.db"], "something was left behind");
}

#[tokio::test]
async fn an_existing_file_is_replaced_only_when_told() {
    let folder = tempfile::tempdir().unwrap();
    let log = SqliteLog::open(folder.path().join("log.db")).unwrap();
    log.append(&stream("service"), 0, batch(2)).await.unwrap();
    let to = folder.path().join("backup.db");
    fs::write(&to, "precious").unwrap();
    let error = log.backup(&to, Existing::Refuse).await.unwrap_err();
    assert!(matches!(error, BackupError::Exists { .. }), "{error:?}");
    assert_eq!(fs::read(&to).unwrap(), b"precious");
    assert_eq!(log.backup(&to, Existing::Replace).await.unwrap().last_position, 2);
    assert_eq!(everything(&SqliteLog::open(&to).unwrap()).await.len(), 2);
}

#[tokio::test]
async fn a_backup_that_cannot_be_written_leaves_nothing_and_says_where() {
    let folder = tempfile::tempdir().unwrap();
    let log = SqliteLog::open(folder.path().join("log.db")).unwrap();
    let to = folder.path().join("no/such/folder/backup.db");
    let error = log.backup(&to, Existing::Refuse).await.unwrap_err();
    assert_eq!(error.to_string(), format!("failed to write a backup to `{}`", to.display()));
    assert_eq!(log.append(&stream("service"), 0, batch(1)).await.unwrap().version, 1);
}
