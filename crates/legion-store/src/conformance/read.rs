//! Reading: pages that follow each other and are bounded.

use std::sync::Arc;

use super::fixture::{assert_gapless, batch, everything, record, stream};
use crate::{Log, READ_BYTES_MAX, READ_RECORDS_MAX, StreamHead};

pub async fn pages_follow_each_other(log: Arc<dyn Log>) {
    let (a, b) = (stream("project/a"), stream("project/b"));
    assert!(log.read_all(0, 10).await.expect("read_all").is_empty());
    assert_eq!(log.last_position().await.expect("last_position"), 0);
    let total = READ_RECORDS_MAX as u64 + 10;
    log.append(&a, 0, batch(READ_RECORDS_MAX)).await.expect("append");
    log.append(&b, 0, batch(10)).await.expect("append");

    let whole = everything(&*log, usize::MAX).await;
    assert_eq!(whole.len() as u64, total);
    assert_gapless(&whole, 0);
    assert_eq!(everything(&*log, 1000).await, whole);
    for (limit, expected) in [(0, 1), (1, 1), (7, 7), (usize::MAX, READ_RECORDS_MAX)] {
        assert_eq!(log.read_all(0, limit).await.expect("read_all").len(), expected, "limit {limit}");
        assert_eq!(log.read(&a, 0, limit).await.expect("read").len(), expected, "limit {limit}");
    }
    assert_eq!(log.read(&b, 7, 100).await.expect("read"), whole[whole.len() - 3..]);
    assert_eq!(log.read_all(total - 1, 100).await.expect("read_all"), whole[whole.len() - 1..]);
    for after in [total, total + 1, i64::MAX as u64, i64::MAX as u64 + 1, u64::MAX] {
        assert!(log.read_all(after, 10).await.expect("read_all").is_empty(), "after {after}");
        assert!(log.read(&a, after, 10).await.expect("read").is_empty(), "after {after}");
    }
}

pub async fn pages_are_bounded_in_bytes(log: Arc<dyn Log>) {
    let s = stream("project/large");
    let body = "x".repeat(READ_BYTES_MAX / 4);
    for version in 0..6 {
        log.append(&s, version, vec![record(body.clone())]).await.expect("append");
    }
    let page = log.read(&s, 0, 100).await.expect("read");
    assert!((4..6).contains(&page.len()), "a page of {} records", page.len());
    assert_eq!(everything(&*log, 100).await.len(), 6);
}

pub async fn every_stream_is_listed(log: Arc<dyn Log>) {
    assert!(log.streams().await.expect("streams").is_empty());
    log.append(&stream("service"), 0, batch(3)).await.expect("append");
    log.append(&stream("project/b"), 0, batch(1)).await.expect("append");
    log.append(&stream("project/a"), 0, batch(2)).await.expect("append");
    let head = |name, version| StreamHead { stream: stream(name), version };
    let expected = [head("project/a", 2), head("project/b", 1), head("service", 3)];
    assert_eq!(log.streams().await.expect("streams"), expected);
}
