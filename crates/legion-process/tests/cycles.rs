//! Nothing accumulates: alone in its program, since it counts what the program holds.

#[path = "shim/support.rs"]
#[expect(dead_code, reason = "the other tests use the rest of it")]
mod support;

use support::*;

/// Cycles before the descriptors are counted: what is held once is held then.
const WARMING: usize = 10;
const CYCLES: usize = 1_000;
const CYCLES_SOAK: usize = 10_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_starts_and_stops_leave_nothing_behind_soak() {
    let cycles = if std::env::var_os("LEGION_SOAK").is_some() { CYCLES_SOAK } else { CYCLES };
    let bench = Bench::new();
    let mut after_warming = None;
    for cycle in 0..WARMING + cycles {
        let mut spec = bench.shell("setsid sleep 1000 & echo ready; sleep 1000");
        spec.conversation_lock = bench.path(&format!("conversation-{cycle}"));
        let (shim, mut events) = start(&spec);
        until_line(&spec, "ready").await;
        shim.stop(std::time::Duration::from_millis(500), false).await.unwrap();
        to_the_end(&mut events).await;
        drop((shim, events));
        assert_eq!(holders(spec.process).len(), 0);
        if cycle + 1 == WARMING {
            after_warming = Some(descriptors());
        }
    }
    assert_eq!(children(), 0, "no zombies");
    let before = after_warming.unwrap();
    until("the descriptors are back", || (descriptors() <= before).then_some(())).await;
    println!("{cycles} starts and stops: 0 orphans, 0 zombies, {} descriptors as before", descriptors());
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
