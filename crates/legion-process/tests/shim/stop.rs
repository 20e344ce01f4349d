//! The ends: asked for, by itself, alone.

use std::time::{Duration, Instant};

use legion_process::{ExitCause, ExitStatus, ShimEvent, ShimSpec, Stopped};

use crate::support::*;

/// Every way that programs use to get away.
pub const DAEMONS: &str = "\
    setsid sleep 1000 & (setsid sleep 1001 &) & \
    setsid sh -c 'setsid sleep 1002 & sleep 1003 &' & \
    env -i PATH=/usr/bin:/bin BENCH=$LEGION_PROCESS_ID setsid sh -c 'sleep 1004 & sleep 1005' & \
    nohup sh -c 'trap \"\" TERM INT HUP; sleep 1006' >/dev/null 2>&1 &";

fn live(spec: &ShimSpec) -> usize {
    holders(spec.process).len()
}

pub async fn until_daemons_run(spec: &ShimSpec) {
    until("the daemons run", || (live(spec) >= 10).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_ignores_every_request_is_killed() {
    let bench = Bench::new();
    let spec = bench.shell("trap 'echo INT' INT; trap 'echo TERM' TERM; echo ready; while :; do sleep 0.02; done");
    let (shim, mut events) = start(&spec);
    until_line(&spec, "ready").await;
    let began = Instant::now();
    let stopped = shim.stop_and_wait(Duration::from_millis(300), true).await;
    assert_eq!(stopped, Stopped::ByShim);
    assert!(began.elapsed() >= Duration::from_millis(600), "both graces were given");
    to_the_end(&mut events).await;
    let mut lines = lines(&spec);
    // The shell's remark on its `sleep`, which is in its group.
    lines.retain(|line| line != "Terminated");
    assert_eq!(lines, ["ready", "INT", "TERM"], "the rungs in order, each once");
    let exit = exit(&spec);
    assert_eq!((exit.status, exit.cause), (ExitStatus::Signal(9), ExitCause::Stopped));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_obeys_is_not_killed() {
    let bench = Bench::new();
    let spec = bench.shell("trap 'exit 5' TERM; echo ready; while :; do sleep 0.02; done");
    let (shim, mut events) = start(&spec);
    until_line(&spec, "ready").await;
    shim.stop(Duration::from_secs(50), false).await.unwrap();
    to_the_end(&mut events).await;
    let exit = exit(&spec);
    assert_eq!((exit.status, exit.cause), (ExitStatus::Code(5), ExitCause::Stopped));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_stopped_in_its_tracks_is_ended_too() {
    let bench = Bench::new();
    let spec = bench.shell("echo ready; kill -STOP $$; echo woken");
    let (shim, mut events) = start(&spec);
    until_line(&spec, "ready").await;
    shim.stop(Duration::from_secs(50), false).await.unwrap();
    to_the_end(&mut events).await;
    assert_eq!(exit(&spec).status, ExitStatus::Signal(15));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_survives_a_stop() {
    let bench = Bench::new();
    let spec = bench.shell(&format!("{DAEMONS} echo ready; sleep 1007"));
    let (shim, mut events) = start(&spec);
    until_daemons_run(&spec).await;
    shim.stop(Duration::from_millis(100), false).await.unwrap();
    to_the_end(&mut events).await;
    assert!(exit(&spec).tree_gone);
    assert_eq!(live(&spec), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_survives_a_natural_end() {
    let bench = Bench::new();
    let spec = bench.shell(&format!("{DAEMONS} read line; echo end"));
    let (shim, mut events) = start(&spec);
    until_daemons_run(&spec).await;
    shim.close_stdin().await.unwrap();
    to_the_end(&mut events).await;
    let exit = exit(&spec);
    assert_eq!((exit.status, exit.cause), (ExitStatus::Code(0), ExitCause::Own));
    assert!(exit.tree_gone);
    assert_eq!(live(&spec), 0);
    assert_eq!(lines(&spec).last().unwrap(), "end");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_processes_are_gone_at_once() {
    let bench = Bench::new();
    let spec = bench.shell(
        "i=0; while [ $i -lt 100 ]; do sleep 1000 & setsid sleep 1000 & i=$((i+1)); done; \
         trap '' TERM; echo ready; wait",
    );
    let (shim, mut events) = start(&spec);
    until_line(&spec, "ready").await;
    until("all of them run", || (live(&spec) > 200).then_some(())).await;
    let began = Instant::now();
    shim.stop(Duration::ZERO, false).await.unwrap();
    to_the_end(&mut events).await;
    println!("201 processes and their shim were gone after {:?}", began.elapsed());
    assert!(exit(&spec).tree_gone);
    assert_eq!(live(&spec), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shim_without_a_service_ends_its_program() {
    let bench = Bench::new();
    let mut spec = bench.shell("exec sleep 1000");
    spec.orphan_after = 1;
    let mut child = start_alone(&spec);
    let code = until("the shim ends", || child.try_wait().unwrap()).await;
    assert_eq!(code.code(), Some(0));
    let exit = exit(&spec);
    assert_eq!((exit.status, exit.cause), (ExitStatus::Signal(2), ExitCause::Orphaned));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shim_with_a_service_is_not_orphaned() {
    let bench = Bench::new();
    let mut spec = bench.shell("sleep 2.5; echo done");
    spec.orphan_after = 1;
    let (_shim, mut events) = start(&spec);
    to_the_end(&mut events).await;
    assert_eq!(exit(&spec).cause, ExitCause::Own);
    assert_eq!(lines(&spec), ["done"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shim_that_is_told_to_end_ends_its_program_first() {
    let bench = Bench::new();
    let spec = bench.shell(&format!("{DAEMONS} echo ready; sleep 1007"));
    let (_shim, mut events) = start(&spec);
    let started = wait_for_event(&mut events, |event| matches!(event, ShimEvent::Started { .. })).await;
    let ShimEvent::Started { shim: holder, .. } = started else { unreachable!() };
    until_daemons_run(&spec).await;
    let pid = rustix::process::Pid::from_raw(holder.pid.cast_signed()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    to_the_end(&mut events).await;
    assert_eq!(exit(&spec).cause, ExitCause::Stopped);
    assert_eq!(live(&spec), 0);
}
