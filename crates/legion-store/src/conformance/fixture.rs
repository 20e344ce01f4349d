//! What the cases share: the log under test, waiting, and what they append and expect.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::{Log, NewRecord, Record, StreamId, Tail};

/// How long a test waits for what must come. Far more than a slow machine needs.
const DEADLINE: Duration = Duration::from_secs(60);

/// A fresh, empty log, and what must live as long as it (its directory).
pub struct Fixture {
    pub log: Arc<dyn Log>,
    pub keep: Box<dyn Any + Send + Sync>,
}

impl Fixture {
    pub fn new(log: impl Log, keep: impl Any + Send + Sync) -> Self {
        Self { log: Arc::new(log), keep: Box::new(keep) }
    }
}

/// Defines one test per case of the suite. `$make` is a function that returns a [`Fixture`].
#[macro_export]
macro_rules! conformance_tests {
    ($make:path) => {
        $crate::conformance_tests!(@each $make:
            a_batch_is_in_the_log_whole_or_not_at_all
            an_append_on_another_version_is_a_conflict
            of_racing_appends_exactly_one_wins_each_version
            positions_and_versions_have_no_gaps
            streams_are_independent
            any_text_and_any_time_come_back_as_they_went
            pages_follow_each_other
            pages_are_bounded_in_bytes
            every_stream_is_listed
            a_subscriber_gets_whole_batches_in_order
            followers_miss_nothing_and_see_nothing_twice
            a_follower_can_start_inside_a_batch
            a_slow_subscriber_is_told_and_a_slow_follower_catches_up
            a_snapshot_is_read_by_its_fold_only
            an_older_snapshot_does_not_replace_a_newer_one
            a_snapshot_is_never_ahead_of_its_stream
        );
    };
    (@each $make:path: $($case:ident)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $case() {
            let fixture: $crate::conformance::Fixture = $make();
            $crate::conformance::$case(fixture.log.clone()).await;
        }
    )*};
}

/// Waits for what must come.
pub(super) async fn in_time<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(DEADLINE, future).await {
        Ok(value) => value,
        Err(_) => panic!("waited {DEADLINE:?} for {what}"),
    }
}

pub(super) fn stream(name: &str) -> StreamId {
    StreamId::new(name).expect("a valid name")
}

pub(super) fn record(body: impl Into<String>) -> NewRecord {
    NewRecord { at: Timestamp::UNIX_EPOCH, kind: "thing-happened".into(), schema: 1, body: body.into() }
}

pub(super) fn batch(records: usize) -> Vec<NewRecord> {
    (0..records).map(|index| record(index.to_string())).collect()
}

/// Reads everything, in pages of `limit`.
pub(super) async fn everything(log: &dyn Log, limit: usize) -> Vec<Record> {
    let mut records: Vec<Record> = Vec::new();
    loop {
        let after = records.last().map_or(0, |record| record.position);
        let page = log.read_all(after, limit).await.expect("read_all");
        if page.is_empty() {
            return records;
        }
        records.extend(page);
    }
}

/// Takes batches until the one that ends at `last`.
pub(super) async fn until(tail: &mut Tail, last: u64) -> Vec<Record> {
    let mut records = Vec::new();
    while tail.position() < last {
        let batch = in_time("the next batch", tail.next()).await.expect("next").expect("an open log");
        let first = batch.first().expect("a batch is not empty").batch;
        assert!(batch.iter().all(|record| record.batch == first), "two batches came as one");
        records.extend_from_slice(&batch);
    }
    records
}

/// Asserts that `records` have the positions after `after`, each once, in order.
pub(super) fn assert_gapless(records: &[Record], after: u64) {
    for (expected, record) in (after + 1..).zip(records) {
        assert_eq!(record.position, expected, "a gap or a duplicate");
    }
}
