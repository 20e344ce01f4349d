//! A process that is killed at any moment: what it was told is kept is there, once, and no step is half there.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::common::{everything, record, stream};
use legion_store::Log;
use legion_store_sqlite::SqliteLog;
use tokio::task::JoinSet;

const KILLS: u64 = 40;
const WRITERS: u64 = 4;
/// Names the database to the child, which is this test once more.
const CHILD: &str = "LEGION_STORE_TEST_CHILD";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_survives_kill_9() {
    if let Some(path) = std::env::var_os(CHILD) {
        return append_until_killed(Path::new(&path)).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.db");
    let mut answered: BTreeMap<String, u64> = BTreeMap::new();
    let mut before = 0;
    for round in 0..KILLS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "kill::what_was_answered_survives_kill_9", "--nocapture"])
            .env(CHILD, &path)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // Another number of answers each time, so that it dies at another moment; the rest of the pipe counts, too.
        let wanted = 1 + round * 7 % 23;
        let mut seen = 0;
        for line in lines {
            let line = line.unwrap();
            let Some((name, version)) = line.strip_prefix("kept ").and_then(|kept| kept.split_once(' ')) else {
                continue;
            };
            answered.insert(name.to_owned(), version.parse().unwrap());
            seen += 1;
            if seen == wanted {
                child.kill().unwrap();
            }
        }
        assert!(seen >= wanted, "the child ended by itself after {seen} answers");
        child.wait().unwrap();

        let log = SqliteLog::open(&path).unwrap();
        for (name, version) in &answered {
            let found = log.version(&stream(name)).await.unwrap();
            assert!(found >= *version, "round {round}: `{name}` is at {found}, {version} was answered");
        }
        let last = log.last_position().await.unwrap();
        assert!(last > before);
        before = last;
        log.close().await;
    }
    let log = SqliteLog::open(&path).unwrap();
    let records = everything(&log).await;
    for batch in records.chunk_by(|a, b| a.batch == b.batch) {
        let size: usize = batch[0].body.parse().unwrap();
        assert_eq!(batch.len(), size, "a torn batch at {}", batch[0].position);
        assert_eq!(batch[0].position, batch[0].batch);
    }
}

/// What the child does.
async fn append_until_killed(path: &Path) {
    let log = SqliteLog::open(path).unwrap();
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let log = log.clone();
        writers.spawn(async move {
            let name = format!("project/{writer}");
            let stream = stream(&name);
            let mut version = log.version(&stream).await.unwrap();
            loop {
                let size = version as usize % 4 + 1;
                let appended = log.append(&stream, version, vec![record(size.to_string()); size]).await.unwrap();
                version = appended.version;
                // One write each: lines of several tasks must not mix.
                std::io::stdout().write_all(format!("kept {name} {version}\n").as_bytes()).unwrap();
            }
        });
    }
    writers.join_all().await;
}
