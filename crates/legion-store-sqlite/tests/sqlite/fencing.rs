//! Two writers on one database, which the lock of the data directory prevents: if it happens all the same, neither can
//! overwrite the other, and a lock held by another program is waited for.

use std::sync::mpsc;
use std::thread;

use crate::common::{batch, everything, record, stream};
use legion_store::{AppendError, Log};
use legion_store_sqlite::SqliteLog;
use rusqlite::{Connection, TransactionBehavior};
use tokio::task::JoinSet;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_logs_on_one_file_exactly_one_wins_each_version() {
    const VERSIONS: u64 = 100;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.db");
    let logs = [SqliteLog::open(&path).unwrap(), SqliteLog::open(&path).unwrap()];
    let mut tasks = JoinSet::new();
    for (name, log) in (0..).zip(&logs) {
        let log = log.clone();
        tasks.spawn(async move {
            let (mut version, mut won) = (0, 0);
            while version < VERSIONS {
                match log.append(&stream("service"), version, vec![record(format!("{name}"))]).await {
                    Ok(appended) => {
                        version = appended.version;
                        won += 1;
                    }
                    Err(AppendError::Conflict { actual, .. }) => version = actual,
                    Err(error) => panic!("{error:?}"),
                }
            }
            won
        });
    }
    let won: u64 = tasks.join_all().await.into_iter().sum();
    assert_eq!(won, VERSIONS);
    for log in &logs {
        assert_eq!(everything(log).await.len() as u64, VERSIONS);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_of_another_program_is_waited_for_and_does_not_stop_readers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.db");
    let log = SqliteLog::open(&path).unwrap();
    log.append(&stream("service"), 0, batch(1)).await.unwrap();
    let (locked, is_locked) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let holder = thread::spawn(move || {
        let mut connection = Connection::open(&path).unwrap();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
        locked.send(()).unwrap();
        released.recv().unwrap();
        drop(transaction);
    });
    is_locked.recv().unwrap();
    let waiting = tokio::spawn({
        let log = log.clone();
        async move { log.append(&stream("service"), 1, batch(1)).await }
    });
    for _ in 0..20 {
        assert_eq!(log.version(&stream("service")).await.unwrap(), 1);
    }
    assert!(!waiting.is_finished(), "an append went past a lock");
    release.send(()).unwrap();
    assert_eq!(waiting.await.unwrap().unwrap().version, 2);
    holder.join().unwrap();
}
