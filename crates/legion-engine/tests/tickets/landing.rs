//! From a ticket to a commit on the target.

use legion_model::tickets::SessionSettings;

use crate::support::{Bench, checkpoint, gate, ticket};

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_is_merged_when_its_gate_passes_on_the_merged_tree() {
    let settings = SessionSettings { gates: vec![gate("test -f made && grep -q hello README")], ..Default::default() };
    let bench = Bench::with(&[("README", "hello\n")], settings).await;
    let ids = bench.add(vec![ticket("make it", "cat > /dev/null; echo content > made")]).await;
    bench.merged(&ids).await;
    assert_eq!(bench.target_file("made").await, "content");
    assert_eq!(bench.landings().await, ["Merge ticket #1: make it"]);
    let body = bench.control(&["log", "-1", "--format=%b", crate::support::TARGET]).await;
    assert!(body.contains("Legion-Ticket: 1") && body.contains("Legion-Session: s"), "{body}");
    // The tip in the log is where the branch is.
    let tip = bench.read(|board| board.sessions.values().next().map(|session| session.tip.clone())).await;
    assert_eq!(tip, Some(bench.control(&["rev-parse", crate::support::TARGET]).await));
    // Its clone is secured, and gone.
    bench.until("its clone is removed", |board| board.places.is_empty().then_some(())).await;
    assert_eq!(bench.clones(), [""; 0]);
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_without_an_agent_judges_the_target() {
    let bench = Bench::with(&[("README", "hello\n")], SessionSettings::default()).await;
    let mut green = checkpoint("green");
    green.spec.gates = vec![gate("grep -q hello README")];
    let mut red = checkpoint("red");
    red.spec.gates = vec![gate("echo the reason; false")];
    let ids = bench.add(vec![green, red]).await;
    let states = bench.closed(&ids).await;
    assert_eq!(states, [legion_model::tickets::Status::Done, legion_model::tickets::Status::Error]);
    assert!(bench.landings().await.is_empty(), "nothing was moved");
    let red = ids[1];
    let log = bench.read(move |board| board.tickets[&red].history.last().and_then(|last| last.detail.clone())).await;
    assert_eq!(log.expect("the log is kept").head(), "the reason");
    bench.end().await;
}
