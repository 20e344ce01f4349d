//! A service that goes away in the middle: the next one goes on from there.

use legion_model::tickets::{SessionSettings, Status};

use crate::support::{Bench, checkpoint, gate, ticket};

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_and_a_gate_outlive_the_service_and_are_taken_up_again() {
    let settings = SessionSettings::default();
    let mut bench = Bench::with(&[("README", "hello\n")], settings).await;
    let go = |bench: &Bench, name: &str| bench.directory.path().join(name);
    let (work, judge, begun) = (go(&bench, "work"), go(&bench, "judge"), go(&bench, "begun"));
    let wait = |path: &std::path::Path| format!("while [ ! -e {} ]; do sleep 0.02; done", path.display());
    let mut one = ticket("one", &format!("echo half > half; {}; echo whole > whole", wait(&work)));
    // It counts how often it was begun: found again, it is not begun again.
    one.spec.gates = vec![gate(&format!("echo x >> {}; {}; test -e whole", begun.display(), wait(&judge)))];
    let ids = bench.add(vec![one]).await;
    let clone = bench.clone_of(ids[0]).await;
    bench.wait_for(&clone.join("half")).await;
    bench.restart(true).await;
    std::fs::write(&work, "").expect("written");
    bench.wait_for(&begun).await;
    bench.restart(true).await;
    std::fs::write(&judge, "").expect("written");
    bench.merged(&ids).await;
    assert_eq!(std::fs::read_to_string(&begun).expect("read"), "x\n", "the gate ran once");
    assert_eq!(bench.landings().await, ["Merge ticket #1: one"]);
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_goes_down_takes_its_gate_with_it_and_runs_it_again() {
    let mut bench = Bench::with(&[("README", "hello\n")], SessionSettings::default()).await;
    let (begun, judge) = (bench.directory.path().join("begun"), bench.directory.path().join("judge"));
    let mut one = checkpoint("one");
    let command = format!("touch {}; [ -e {} ] || sleep 1000", begun.display(), judge.display());
    one.spec.gates = vec![gate(&command)];
    let ids = bench.add(vec![one]).await;
    bench.wait_for(&begun).await;
    std::fs::write(&judge, "").expect("written");
    bench.restart(false).await;
    bench.merged(&ids).await;
    let lost = bench.read(|board| board.verdicts.len()).await;
    assert_eq!(lost, 1);
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clone_that_nobody_knows_is_secured_and_removed_at_the_start() {
    let mut bench = Bench::with(&[("README", "hello\n")], SessionSettings::default()).await;
    let mut failing = ticket("work", "echo lost > lost; exit 1");
    failing.spec.max_attempts = 1;
    let ids = bench.add(vec![failing]).await;
    assert_eq!(bench.closed(&ids).await, [Status::Error]);
    bench.until("it is secured", |board| board.places.values().all(|place| !place.dirty).then_some(())).await;
    // As a service leaves it that was killed between a clone and the log.
    let ticket = bench.directory.path().join("data/work").join(bench.project.to_string()).join("s/t7");
    let stray = ticket.join("a1");
    std::fs::create_dir_all(&ticket).expect("made");
    crate::support::git(&bench.person, &["clone", "-q", ".", &stray.to_string_lossy()]).await;
    std::fs::write(stray.join("precious"), "precious\n").expect("written");
    std::fs::write(ticket.join("a1.base"), &bench.base).expect("written");
    bench.restart(false).await;
    crate::support::until("it is removed", || !stray.exists()).await;
    let into = bench.directory.path().join("back");
    let ticket = legion_model::tickets::TicketId(7);
    bench.engine.undelete(bench.project, ticket, None, &into).await.expect("brought back");
    assert_eq!(std::fs::read_to_string(into.join("precious")).expect("read"), "precious\n");
    // One that a ticket may go on with stays.
    assert_eq!(bench.clones().iter().filter(|name| *name == "t1/a1").count(), 1, "{:?}", bench.clones());
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whenever_the_service_goes_away_each_ticket_is_merged_once() {
    let settings =
        SessionSettings { workers: 3, gates: vec![gate("sleep 0.05; test -e README")], ..Default::default() };
    let mut bench = Bench::with(&[("README", "hello\n")], settings).await;
    let names: Vec<String> = (0..8).map(|number| format!("file-{number}")).collect();
    let ids = bench.add(names.iter().map(|name| ticket(name, &format!("echo {name} > {name}"))).collect()).await;
    // At other places of the work each time: after so many commits to the log.
    let mut steps = [3_u64, 7, 2, 11, 5, 4, 9, 6].into_iter().cycle();
    for round in 0.. {
        assert!(round < 200, "it goes on for ever");
        let open = ids.clone();
        let done = bench.read(move |board| open.iter().all(|id| board.tickets[id].is_closed())).await;
        if done {
            break;
        }
        let until = bench.version().await + steps.next().expect("it has no end");
        bench.until_version(until).await;
        bench.restart(true).await;
    }
    bench.merged(&ids).await;
    let mut landed = bench.landings().await;
    landed.sort();
    let mut wanted: Vec<String> =
        names.iter().enumerate().map(|(at, name)| format!("Merge ticket #{}: {name}", at + 1)).collect();
    wanted.sort();
    assert_eq!(landed, wanted);
    bench.until("all clones are removed", |board| board.places.is_empty().then_some(())).await;
    assert_eq!(bench.clones(), [""; 0]);
    bench.end().await;
}
