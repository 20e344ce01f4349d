//! The live end, and following without gap or duplicate.

use std::sync::Arc;

use tokio::sync::broadcast::error::TryRecvError;
use tokio::task::JoinSet;

use super::fixture::{assert_gapless, batch, everything, in_time, record, stream, until};
use crate::{LIVE_BATCHES_MAX, Log, Record, follow};

pub async fn a_subscriber_gets_whole_batches_in_order(log: Arc<dyn Log>) {
    let s = stream("project/a");
    log.append(&s, 0, batch(1)).await.expect("append");
    let mut live = log.subscribe();
    log.append(&s, 1, batch(3)).await.expect("append");
    log.append(&s, 1, batch(9)).await.expect_err("a conflict");
    log.append(&s, 4, batch(2)).await.expect("append");
    // Published before the append returns: nothing is waited for.
    let first = live.try_recv().expect("the first batch");
    let second = live.try_recv().expect("the second batch");
    let stored = everything(&*log, 100).await;
    assert_eq!(first[..], stored[1..4]);
    assert_eq!(second[..], stored[4..6]);
    assert_eq!(live.try_recv(), Err(TryRecvError::Empty));
}

pub async fn followers_miss_nothing_and_see_nothing_twice(log: Arc<dyn Log>) {
    const WRITERS: u64 = 4;
    const BATCHES: u64 = 40;
    const RECORDS: u64 = 3;
    let total = WRITERS * BATCHES * RECORDS;
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let log = log.clone();
        writers.spawn(async move {
            let s = stream(&format!("project/{writer}"));
            for step in 0..BATCHES {
                log.append(&s, step * RECORDS, batch(RECORDS as usize)).await.expect("append");
            }
        });
    }
    // Each starts at another moment of the writing, so that the change from reading to the live end is hit anywhere.
    let mut followers = JoinSet::new();
    for follower in 0..12 {
        let log = log.clone();
        followers.spawn(async move {
            let mut seen = follow(log.clone(), 0);
            until(&mut seen, total * follower / 12).await;
            // From a whole batch on, wherever the log stands now.
            let after = seen.position();
            let mut tail = follow(log, after);
            (after, until(&mut tail, total).await)
        });
    }
    in_time("the writers", writers.join_all()).await;
    let stored = everything(&*log, 100).await;
    assert_eq!(stored.len() as u64, total);
    for (after, records) in in_time("the followers", followers.join_all()).await {
        assert_gapless(&records, after);
        assert_eq!(records[..], stored[after as usize..]);
    }
}

pub async fn a_follower_can_start_inside_a_batch(log: Arc<dyn Log>) {
    let s = stream("project/a");
    let mut early = follow(log.clone(), 2);
    log.append(&s, 0, batch(4)).await.expect("append");
    let mut late = follow(log.clone(), 2);
    for tail in [&mut early, &mut late] {
        let rest = until(tail, 4).await;
        assert_eq!(rest.iter().map(|record| record.position).collect::<Vec<_>>(), [3, 4]);
    }
    log.append(&s, 4, batch(2)).await.expect("append");
    for tail in [&mut early, &mut late] {
        assert_eq!(until(tail, 6).await.len(), 2);
    }
}

pub async fn a_slow_subscriber_is_told_and_a_slow_follower_catches_up(log: Arc<dyn Log>) {
    let behind = 50;
    let total = LIVE_BATCHES_MAX as u64 + behind + 1;
    let mut live = log.subscribe();
    let mut tail = follow(log.clone(), 0);
    // One batch brings the follower to the live end, where it then lags.
    log.append(&stream("service"), 0, vec![record("first")]).await.expect("append");
    assert_eq!(until(&mut tail, 1).await.len(), 1);
    let mut writers = JoinSet::new();
    for writer in 1..total {
        let log = log.clone();
        writers.spawn(async move {
            log.append(&stream(&format!("project/{writer}")), 0, batch(1)).await.expect("append");
        });
    }
    in_time("the writers", writers.join_all()).await;

    let Err(TryRecvError::Lagged(missed)) = live.try_recv() else { panic!("it was not told that it lagged") };
    assert!(missed > behind, "{missed}");
    let next: Arc<[Record]> = live.try_recv().expect("it goes on with the oldest that is left");
    assert_eq!(next[0].position, missed + 1);

    let caught_up = until(&mut tail, total).await;
    assert_gapless(&caught_up, 1);
    assert_eq!(caught_up.len() as u64, total - 1);
    log.append(&stream("service"), 1, batch(2)).await.expect("append");
    assert_eq!(until(&mut tail, total + 2).await.len(), 2);
}
