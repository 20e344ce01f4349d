//! Appending: atomic, fenced by the version, gapless.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::task::JoinSet;

use super::fixture::{assert_gapless, batch, everything, in_time, record, stream};
use crate::{AppendError, Appended, BATCH_BYTES_MAX, BATCH_RECORDS_MAX, Log, NewRecord};

pub async fn a_batch_is_in_the_log_whole_or_not_at_all(log: Arc<dyn Log>) {
    let s = stream("project/a");
    let appended = log.append(&s, 0, batch(5)).await.expect("append");
    assert_eq!(appended, Appended { first_position: 1, last_position: 5, version: 5 });

    let conflict = log.append(&s, 3, batch(4)).await.expect_err("an old version");
    assert!(matches!(conflict, AppendError::Conflict { expected: 3, actual: 5 }), "{conflict:?}");
    let empty = log.append(&s, 5, Vec::new()).await.expect_err("an empty batch");
    assert!(matches!(empty, AppendError::Empty), "{empty:?}");
    let many = log.append(&s, 5, batch(BATCH_RECORDS_MAX + 1)).await.expect_err("too many records");
    assert!(matches!(many, AppendError::TooLarge { .. }), "{many:?}");
    let large = vec![record("x".repeat(BATCH_BYTES_MAX + 1))];
    let large = log.append(&s, 5, large).await.expect_err("too many bytes");
    assert!(matches!(large, AppendError::TooLarge { .. }), "{large:?}");

    assert_eq!(log.version(&s).await.expect("version"), 5);
    assert_eq!(log.last_position().await.expect("last_position"), 5);
    let records = log.read(&s, 0, 100).await.expect("read");
    assert_eq!(records.len(), 5);
    assert!(records.iter().all(|record| record.batch == 1));
    assert_eq!(records, everything(&*log, 100).await);
}

pub async fn an_append_on_another_version_is_a_conflict(log: Arc<dyn Log>) {
    let s = stream("service");
    for expected in [1, u64::MAX] {
        let error = log.append(&s, expected, batch(1)).await.expect_err("a stream that is not there");
        assert!(matches!(error, AppendError::Conflict { actual: 0, .. }), "{error:?}");
    }
    assert!(log.streams().await.expect("streams").is_empty(), "a conflict made a stream");
    log.append(&s, 0, batch(2)).await.expect("append");
    for expected in [0, 1, 3, i64::MAX as u64 + 1, u64::MAX] {
        let error = log.append(&s, expected, batch(1)).await.expect_err("another version");
        assert!(matches!(error, AppendError::Conflict { actual: 2, .. }), "{error:?}");
    }
    assert_eq!(log.append(&s, 2, batch(1)).await.expect("append").version, 3);
}

pub async fn of_racing_appends_exactly_one_wins_each_version(log: Arc<dyn Log>) {
    const TASKS: u64 = 32;
    const VERSIONS: u64 = 64;
    let s = stream("project/race");
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let (log, s) = (log.clone(), s.clone());
        tasks.spawn(async move {
            let mut won = Vec::new();
            let mut version = 0;
            while version < VERSIONS {
                match log.append(&s, version, vec![record(format!("{task} at {version}"))]).await {
                    Ok(appended) => {
                        version = appended.version;
                        won.push((version, task));
                    }
                    Err(AppendError::Conflict { expected, actual }) => {
                        assert!(expected == version && actual > version, "{expected} {actual} at {version}");
                        version = actual;
                    }
                    Err(error) => panic!("{error:?}"),
                }
            }
            won
        });
    }
    let won: Vec<_> = in_time("the race", tasks.join_all()).await.into_iter().flatten().collect();
    let winners: BTreeMap<_, _> = won.iter().copied().collect();
    assert_eq!(winners.len(), won.len(), "two appends won the same version");
    assert!(winners.keys().copied().eq(1..=VERSIONS), "{winners:?}");
    let records = log.read(&s, 0, usize::MAX).await.expect("read");
    for (record, (version, task)) in records.iter().zip(&winners) {
        assert_eq!(record.body, format!("{task} at {}", version - 1));
    }
    assert_eq!(records.len() as u64, VERSIONS);
}

pub async fn positions_and_versions_have_no_gaps(log: Arc<dyn Log>) {
    let mut tasks = JoinSet::new();
    for task in 0..8 {
        let log = log.clone();
        tasks.spawn(async move {
            let s = stream(&format!("project/{task}"));
            let mut appends = Vec::new();
            let mut version = 0;
            for size in [1, 3, 2, 5, 1, 4] {
                let appended = log.append(&s, version, batch(size)).await.expect("append");
                assert_eq!(appended.version, version + size as u64);
                assert_eq!(appended.last_position - appended.first_position + 1, size as u64);
                version = appended.version;
                appends.push((s.clone(), appended));
            }
            appends
        });
    }
    let appends: Vec<_> = in_time("the appends", tasks.join_all()).await.into_iter().flatten().collect();
    let all = everything(&*log, 7).await;
    assert_gapless(&all, 0);
    assert_eq!(all.len(), 8 * 16);
    assert_eq!(log.last_position().await.expect("last_position"), 8 * 16);
    for (s, appended) in appends {
        let batch = &all[appended.first_position as usize - 1..appended.last_position as usize];
        assert!(batch.iter().all(|record| record.stream == s && record.batch == appended.first_position));
        assert_eq!(batch.last().expect("not empty").version, appended.version);
    }
    for task in 0..8 {
        let s = stream(&format!("project/{task}"));
        let own: Vec<_> = all.iter().filter(|record| record.stream == s).cloned().collect();
        assert!(own.iter().map(|record| record.version).eq(1..=16));
        assert_eq!(log.read(&s, 0, 100).await.expect("read"), own);
    }
}

pub async fn streams_are_independent(log: Arc<dyn Log>) {
    let (a, b) = (stream("project/a"), stream("project/b"));
    log.append(&a, 0, vec![record("a1"), record("a2")]).await.expect("append");
    log.append(&b, 0, vec![record("b1")]).await.expect("append");
    log.append(&a, 2, vec![record("a3")]).await.expect("append");
    let bodies = |records: Vec<crate::Record>| records.into_iter().map(|record| record.body).collect::<Vec<_>>();
    assert_eq!(bodies(log.read(&a, 0, 10).await.expect("read")), ["a1", "a2", "a3"]);
    assert_eq!(bodies(log.read(&b, 0, 10).await.expect("read")), ["b1"]);
    assert_eq!(bodies(everything(&*log, 10).await), ["a1", "a2", "b1", "a3"]);
    assert_eq!(log.version(&b).await.expect("version"), 1);
    assert_eq!(log.version(&stream("project/c")).await.expect("version"), 0);
    assert!(log.read(&stream("project/c"), 0, 10).await.expect("read").is_empty());
}

pub async fn any_text_and_any_time_come_back_as_they_went(log: Arc<dyn Log>) {
    let bodies = [
        String::new(),
        "null".into(),
        "\"äöü 漢字 🦀 \u{202e} e\u{301}\"".into(),
        "a\0b\r\n\u{7f}\u{feff}".into(),
        format!("\"{}\"", "é".repeat(512 * 1024)),
    ];
    let times = [Timestamp::MIN, Timestamp::MAX, Timestamp::UNIX_EPOCH].into_iter().chain(
        ["2026-11-21T04:05:06.123456789Z", "1969-12-31T23:59:59.999999999Z"].map(|at| at.parse().expect("a time")),
    );
    let sent: Vec<_> = bodies
        .into_iter()
        .zip(times)
        .zip([0, 1, 2, 65_536, u32::MAX])
        .map(|((body, at), schema)| NewRecord { at, kind: format!("kind-{schema}-ß"), schema, body })
        .collect();
    let s = stream("project/text");
    log.append(&s, 0, sent.clone()).await.expect("append");
    let got: Vec<_> = log
        .read(&s, 0, 100)
        .await
        .expect("read")
        .into_iter()
        .map(|record| NewRecord { at: record.at, kind: record.kind, schema: record.schema, body: record.body })
        .collect();
    assert!(got == sent, "a record came back changed");
}
