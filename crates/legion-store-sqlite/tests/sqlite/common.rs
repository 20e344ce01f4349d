//! What the tests of this crate share.

use std::path::Path;

use jiff::Timestamp;
use legion_store::{Log, NewRecord, Record, StreamId};
use legion_store_sqlite::SqliteLog;

pub fn stream(name: &str) -> StreamId {
    StreamId::new(name).unwrap()
}

pub fn record(body: impl Into<String>) -> NewRecord {
    NewRecord { at: Timestamp::UNIX_EPOCH, kind: "thing-happened".into(), schema: 1, body: body.into() }
}

pub fn batch(records: usize) -> Vec<NewRecord> {
    (0..records).map(|index| record(index.to_string())).collect()
}

/// Reads everything and asserts that nothing is missing and no batch is torn.
pub async fn everything(log: &SqliteLog) -> Vec<Record> {
    let mut records: Vec<Record> = Vec::new();
    loop {
        let after = records.last().map_or(0, |record| record.position);
        let page = log.read_all(after, 1000).await.unwrap();
        if page.is_empty() {
            break;
        }
        records.extend(page);
    }
    assert!(records.iter().map(|record| record.position).eq(1..=records.len() as u64), "positions have gaps");
    for head in log.streams().await.unwrap() {
        let versions = records.iter().filter(|record| record.stream == head.stream).map(|record| record.version);
        assert!(versions.eq(1..=head.version), "versions of `{}` have gaps", head.stream);
    }
    records
}

/// Makes `records` appends of one record each to `service` of a new log at `path`, and closes it.
pub async fn make_log(path: &Path, records: u64) {
    let log = SqliteLog::open(path).unwrap();
    for version in 0..records {
        log.append(&stream("service"), version, vec![record("x".repeat(1_000))]).await.unwrap();
    }
    log.close().await;
}
