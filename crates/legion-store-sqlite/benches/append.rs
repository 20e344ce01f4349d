//! What an append costs, against the bare commit of the same row in the same run, on the same disk.
//!
//! Prints `name: value (baseline value) ratio`, and the bounds it should keep.

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use legion_store::{Log, NewRecord, StreamId};
use legion_store_sqlite::SqliteLog;
use rusqlite::{Connection, TransactionBehavior, params};

const APPENDS: u32 = 1_000;
const GROUPS: u32 = 200;
const GROUP: u32 = 50;
/// The two take turns, so that what else the machine does hits both.
const ROUNDS: u32 = 10;

fn main() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let folder = tempfile::tempdir_in(".").expect("a folder on the disk of this checkout");
    let log = SqliteLog::open(folder.path().join("log.db")).expect("open");
    let bare = bare(&folder.path().join("bare.db"));
    let stream = StreamId::service();

    let (mut ours, mut baseline) = (Vec::new(), Vec::new());
    let mut version = 0;
    for _ in 0..ROUNDS {
        for _ in 0..APPENDS / ROUNDS {
            let started = Instant::now();
            commit_bare(&bare, 1);
            baseline.push(started.elapsed());
        }
        ours.extend(runtime.block_on(async {
            let mut times = Vec::new();
            for _ in 0..APPENDS / ROUNDS {
                let started = Instant::now();
                version = log.append(&stream, version, vec![record()]).await.expect("append").version;
                times.push(started.elapsed());
            }
            times
        }));
    }
    line("one durable append, median", median(&mut ours), median(&mut baseline), "at most 2");
    line("one durable append, 99th of 100", percentile(&mut ours, 99), percentile(&mut baseline, 99), "");

    let (mut ours, mut baseline) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        for _ in 0..GROUPS / ROUNDS {
            let started = Instant::now();
            commit_bare(&bare, GROUP);
            baseline.push(started.elapsed() / GROUP);
        }
        ours.extend(runtime.block_on(async {
            let mut times = Vec::new();
            for _ in 0..GROUPS / ROUNDS {
                let records = (0..GROUP).map(|_| record()).collect();
                let started = Instant::now();
                version = log.append(&stream, version, records).await.expect("append").version;
                times.push(started.elapsed() / GROUP);
            }
            times
        }));
    }
    line("per event in batches of 50, median", median(&mut ours), median(&mut baseline), "under 0.02 ms");

    let together = runtime.block_on(concurrent(&log));
    line("per event, 50 streams at once, median", together, median(&mut baseline), "under 0.02 ms");
    runtime.block_on(log.close());
}

/// Fifty tasks that each append one event to a stream of their own, again and again.
async fn concurrent(log: &SqliteLog) -> Duration {
    let mut rounds = Vec::new();
    let started_at = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..GROUP {
        let log = log.clone();
        tasks.spawn(async move {
            let stream = StreamId::new(format!("project/{task}")).expect("a name");
            for version in 0..u64::from(GROUPS) {
                log.append(&stream, version, vec![record()]).await.expect("append");
            }
        });
    }
    tasks.join_all().await;
    rounds.push(started_at.elapsed() / (GROUP * GROUPS));
    median(&mut rounds)
}

fn record() -> NewRecord {
    let body = format!("{{\"text\":\"{}\"}}", "x".repeat(240));
    NewRecord { at: Timestamp::UNIX_EPOCH, kind: "agent-hired".into(), schema: 1, body: black_box(body) }
}

/// The same table and settings, without the log around them.
fn bare(path: &Path) -> Connection {
    let connection = Connection::open(path).expect("open");
    connection
        .execute_batch(
            "PRAGMA journal_mode = wal; PRAGMA synchronous = full;
             CREATE TABLE record (
                position INTEGER PRIMARY KEY, stream INTEGER NOT NULL, version INTEGER NOT NULL,
                batch INTEGER NOT NULL, at TEXT NOT NULL, kind TEXT NOT NULL, schema INTEGER NOT NULL,
                body TEXT NOT NULL, UNIQUE (stream, version)
             ) STRICT;",
        )
        .expect("schema");
    connection
}

fn commit_bare(connection: &Connection, records: u32) {
    let transaction = rusqlite::Transaction::new_unchecked(connection, TransactionBehavior::Immediate).expect("begin");
    let last: i64 = transaction
        .prepare_cached("SELECT coalesce(max(position), 0) FROM record")
        .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
        .expect("last");
    for position in last + 1..=last + i64::from(records) {
        let record = record();
        transaction
            .prepare_cached("INSERT INTO record VALUES (?1, 1, ?1, ?1, ?2, ?3, ?4, ?5)")
            .and_then(|mut insert| {
                insert.execute(params![position, record.at.to_string(), record.kind, record.schema, record.body])
            })
            .expect("insert");
    }
    transaction.commit().expect("commit");
}

fn line(name: &str, ours: Duration, baseline: Duration, bound: &str) {
    let milliseconds = |time: Duration| time.as_secs_f64() * 1_000.0;
    let ratio = ours.as_secs_f64() / baseline.as_secs_f64();
    let bound = if bound.is_empty() { String::new() } else { format!("; {bound}") };
    println!("{name}: {:.4} ms (baseline {:.4} ms) {ratio:.2}{bound}", milliseconds(ours), milliseconds(baseline));
}

fn median(times: &mut [Duration]) -> Duration {
    percentile(times, 50)
}

fn percentile(times: &mut [Duration], percent: usize) -> Duration {
    times.sort_unstable();
    times[(times.len() - 1) * percent / 100]
}
