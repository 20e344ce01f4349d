//! What is opened, what is refused, and what the person is told.

use std::fs::{self, File};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::Path;

use crate::common::{everything, make_log};
use legion_store::Log;
use legion_store_sqlite::{OpenError, SCHEMA_VERSION, SqliteLog};
use rusqlite::Connection;

#[tokio::test]
async fn a_log_is_what_it_was_after_it_was_closed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.db");
    make_log(&path, 5).await;
    let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["log.db"], "closing left files behind");
    let log = SqliteLog::open(&path).unwrap();
    assert_eq!(everything(&log).await.len(), 5);
    log.close().await;
    log.close().await;
    let error = log.last_position().await.unwrap_err().to_string();
    assert_eq!(error, "the log is closed: it was closed");
}

#[tokio::test]
async fn a_log_that_was_dropped_has_all_that_was_answered() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.db");
    for version in 0..5 {
        let log = SqliteLog::open(&path).unwrap();
        assert_eq!(everything(&log).await.len() as u64, version);
        log.append(&crate::common::stream("service"), version, crate::common::batch(1)).await.unwrap();
    }
}

#[tokio::test]
async fn the_write_ahead_log_starts_over_instead_of_growing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.db");
    let log = SqliteLog::open(&path).unwrap();
    let mut version = 0;
    for size in [100, 4_000, 200_000] {
        for _ in 0..400 {
            let records = vec![crate::common::record("x".repeat(size))];
            version = log.append(&crate::common::stream("service"), version, records).await.unwrap().version;
        }
    }
    let bytes = |path: &Path| fs::metadata(path).unwrap().len();
    let (database, ahead) = (bytes(&path), bytes(&path.with_extension("db-wal")));
    assert!(database > 60_000_000, "{database}");
    assert!(ahead < 12_000_000, "{ahead}");
}

#[tokio::test]
async fn only_the_owner_can_read_the_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.db");
    // As an older umask may have left it.
    File::create(&path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let log = SqliteLog::open(&path).unwrap();
    log.append(&crate::common::stream("service"), 0, crate::common::batch(1)).await.unwrap();
    let mut names = Vec::new();
    for entry in fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{entry:?}");
        names.push(entry.file_name().into_string().unwrap());
    }
    names.sort();
    assert_eq!(names, ["log.db", "log.db-shm", "log.db-wal"]);
}

#[tokio::test]
async fn a_log_of_a_newer_version_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.db");
    make_log(&path, 1).await;
    let newer = SCHEMA_VERSION + 1;
    pragma(&path, "user_version", newer);
    let before = fs::read(&path).unwrap();
    let error = SqliteLog::open(&path).unwrap_err();
    assert!(matches!(error, OpenError::Newer { found, supported: SCHEMA_VERSION, .. } if found == newer), "{error:?}");
    let text = error.to_string();
    assert!(text.contains(&format!("its schema is {newer}, this version knows up to {SCHEMA_VERSION}")), "{text}");
    assert!(text.contains(path.to_str().unwrap()), "{text}");
    assert_eq!(fs::read(&path).unwrap(), before);
    pragma(&path, "user_version", SCHEMA_VERSION);
    assert_eq!(everything(&SqliteLog::open(&path).unwrap()).await.len(), 1);
}

#[test]
fn a_database_of_another_program_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.db");
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE bookmark (url TEXT)").unwrap();
    let before = fs::read(&path).unwrap();
    let error = SqliteLog::open(&path).unwrap_err();
    assert!(matches!(error, OpenError::Foreign { .. }), "{error:?}");
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn a_damaged_log_is_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.db");
    make_log(&path, 200).await;
    let whole = fs::read(&path).unwrap();
    const PAGE: usize = 4096;
    let pages = whole.len() / PAGE;
    assert!(pages > 20, "{pages}");
    // The head of a page in the middle, and the head of the last one.
    for page in [1, pages / 2, pages - 1] {
        fs::write(&path, &whole).unwrap();
        File::options().write(true).open(&path).unwrap().write_all_at(&[0x5a; 64], (page * PAGE) as u64).unwrap();
        let damaged = fs::read(&path).unwrap();
        let error = SqliteLog::open(&path).unwrap_err();
        assert!(matches!(error, OpenError::Corrupt { .. }), "page {page}: {error:?}");
        let text = error.to_string();
        assert!(text.contains("is damaged") && text.contains("restore it from a backup"), "{text}");
        assert_eq!(fs::read(&path).unwrap(), damaged, "a damaged file was changed");
    }
    fs::write(&path, "this is a text, and quite a long one, so that it is no database in any way whatsoever").unwrap();
    let error = SqliteLog::open(&path).unwrap_err();
    assert!(matches!(error, OpenError::Corrupt { .. }), "{error:?}");
    fs::write(&path, &whole).unwrap();
    assert_eq!(everything(&SqliteLog::open(&path).unwrap()).await.len(), 200);
}

#[test]
fn a_path_in_no_directory_is_named() {
    let error = SqliteLog::open("/nonexistent/log.db").unwrap_err();
    assert_eq!(error.to_string(), "failed to create the log at `/nonexistent/log.db`");
}

fn pragma(path: &Path, name: &str, value: i64) {
    Connection::open(path).unwrap().pragma_update(None, name, value).unwrap();
}
