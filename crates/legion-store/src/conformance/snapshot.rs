//! Snapshots: a cache, keyed by the fold.

use std::sync::Arc;

use super::fixture::{batch, stream};
use crate::{Log, Snapshot, SnapshotError};

fn snapshot(version: u64, fold: &str, body: &[u8]) -> Snapshot {
    Snapshot { version, fold: fold.into(), body: body.into() }
}

pub async fn a_snapshot_is_read_by_its_fold_only(log: Arc<dyn Log>) {
    let (a, b) = (stream("project/a"), stream("project/b"));
    log.append(&a, 0, batch(3)).await.expect("append");
    log.append(&b, 0, batch(1)).await.expect("append");
    assert_eq!(log.snapshot_load(&a, "fold-1").await.expect("load"), None);
    let body: Vec<u8> = (0..=255).cycle().take(300_000).collect();
    log.snapshot_save(&a, snapshot(2, "fold-1", &body)).await.expect("save");
    assert_eq!(log.snapshot_load(&a, "fold-1").await.expect("load"), Some(snapshot(2, "fold-1", &body)));
    assert_eq!(log.snapshot_load(&b, "fold-1").await.expect("load"), None);
    assert_eq!(log.snapshot_load(&stream("project/c"), "fold-1").await.expect("load"), None);

    assert_eq!(log.snapshot_load(&a, "fold-2").await.expect("load"), None);
    assert_eq!(log.snapshot_load(&a, "fold-1").await.expect("load"), None, "another fold's snapshot was kept");
    assert_eq!(log.read(&a, 0, 10).await.expect("read").len(), 3, "records went with a snapshot");
}

pub async fn an_older_snapshot_does_not_replace_a_newer_one(log: Arc<dyn Log>) {
    let s = stream("project/a");
    log.append(&s, 0, batch(3)).await.expect("append");
    log.snapshot_save(&s, snapshot(2, "f", b"two")).await.expect("save");
    log.snapshot_save(&s, snapshot(1, "f", b"one")).await.expect("save");
    assert_eq!(log.snapshot_load(&s, "f").await.expect("load"), Some(snapshot(2, "f", b"two")));
    log.snapshot_save(&s, snapshot(3, "f", b"")).await.expect("save");
    assert_eq!(log.snapshot_load(&s, "f").await.expect("load"), Some(snapshot(3, "f", b"")));
    log.snapshot_save(&s, snapshot(1, "g", b"of a new fold")).await.expect("save");
    assert_eq!(log.snapshot_load(&s, "g").await.expect("load"), Some(snapshot(1, "g", b"of a new fold")));
}

pub async fn a_snapshot_is_never_ahead_of_its_stream(log: Arc<dyn Log>) {
    let s = stream("project/a");
    log.append(&s, 0, batch(3)).await.expect("append");
    for (name, actual) in [("project/a", 3), ("project/none", 0)] {
        let error = log.snapshot_save(&stream(name), snapshot(4, "f", b"x")).await.expect_err("ahead");
        assert!(matches!(error, SnapshotError::Ahead { version: 4, actual: found } if found == actual), "{error:?}");
    }
    assert_eq!(log.snapshot_load(&s, "f").await.expect("load"), None);
}
