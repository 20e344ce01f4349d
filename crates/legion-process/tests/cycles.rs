//! Nothing accumulates: alone in its program, since it counts what the program holds.

#[path = "shim/support.rs"]
#[expect(dead_code, reason = "the other tests use the rest of it")]
mod support;

use support::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_starts_and_stops_leave_nothing_behind() {
    let bench = Bench::new();
    let mut after_warming = None;
    for cycle in 0..110 {
        let mut spec = bench.shell("setsid sleep 1000 & echo ready; sleep 1000");
        spec.conversation_lock = bench.path(&format!("conversation-{cycle}"));
        let (shim, mut events) = start(&spec);
        until_line(&spec, "ready").await;
        shim.stop(std::time::Duration::from_millis(500), false).await.unwrap();
        to_the_end(&mut events).await;
        drop((shim, events));
        assert_eq!(holders(spec.process).len(), 0);
        if cycle == 9 {
            after_warming = Some(descriptors());
        }
    }
    assert_eq!(children(), 0, "no zombies");
    let before = after_warming.unwrap();
    until("the descriptors are back", || (descriptors() <= before).then_some(())).await;
}

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Children of this program, zombies included.
fn children() -> usize {
    let own = std::process::id().to_string();
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let stats = entries.filter_map(|entry| std::fs::read_to_string(entry.path().join("stat")).ok());
    let parents = stats.filter_map(|stat| {
        let (_, fields) = stat.rsplit_once(')')?;
        fields.split_whitespace().nth(1).map(str::to_owned)
    });
    parents.filter(|parent| *parent == own).count()
}
