//! The log in memory passes the suite, and fails as told.

use std::sync::Arc;

use jiff::Timestamp;
use legion_store::conformance::Fixture;
use legion_store::{AppendError, Log, MemoryLog, NewRecord, ReadError, StreamId, follow};

fn fresh() -> Fixture {
    Fixture::new(MemoryLog::new(), ())
}

legion_store::conformance_tests!(fresh);

fn one() -> Vec<NewRecord> {
    vec![NewRecord { at: Timestamp::UNIX_EPOCH, kind: "k".into(), schema: 1, body: "{}".into() }]
}

#[tokio::test]
async fn a_full_log_takes_appends_again_when_there_is_space() {
    let log = MemoryLog::new();
    let stream = StreamId::service();
    log.set_full(true);
    assert!(matches!(log.append(&stream, 0, one()).await, Err(AppendError::Full)));
    log.set_full(false);
    assert_eq!(log.append(&stream, 0, one()).await.unwrap().version, 1);
}

#[tokio::test]
async fn a_closed_log_answers_with_the_reason_and_ends_its_followers() {
    let log = MemoryLog::new();
    let stream = StreamId::service();
    let mut tail = follow(Arc::new(log.clone()), 0);
    let mut unread = follow(Arc::new(log.clone()), 0);
    log.append(&stream, 0, one()).await.unwrap();
    assert!(tail.next().await.unwrap().is_some());
    log.append(&stream, 1, one()).await.unwrap();
    log.close("the test is over");
    let error = log.append(&stream, 2, one()).await.unwrap_err();
    assert_eq!(error.to_string(), "the log is closed: the test is over");
    assert!(matches!(log.read_all(0, 1).await, Err(ReadError::Closed(_))));
    assert!(log.subscribe().recv().await.is_err());
    // What was published before the end still comes; what would have to be read cannot.
    let drained = loop {
        match tail.next().await {
            Ok(Some(batch)) => assert_eq!(batch[0].version, 2),
            end => break end,
        }
    };
    assert!(matches!(drained, Ok(None) | Err(ReadError::Closed(_))));
    assert!(matches!(unread.next().await, Err(ReadError::Closed(_))));
}
