//! The shim itself is killed: what must hold then.

use std::time::{Duration, Instant};

use legion_process::{ProcessState, ShimEvent, find_live, process_state, sweep, sweep_many, was_started};

use crate::stop::{DAEMONS, until_daemons_run};
use crate::support::*;

#[tokio::test(flavor = "multi_thread")]
async fn the_program_dies_with_its_shim_and_a_sweep_takes_the_rest() {
    let bench = Bench::new();
    let spec = bench.shell(&format!("{DAEMONS} echo ready; sleep 1007"));
    let (shim, mut events) = start(&spec);
    let started = wait_for_event(&mut events, |event| matches!(event, ShimEvent::Started { .. })).await;
    let ShimEvent::Started { agent, shim: holder } = started else { unreachable!() };
    until_daemons_run(&spec).await;
    kill(holder.pid);
    to_the_end(&mut events).await;
    until("the program is dead", || (!agent.is_alive()).then_some(())).await;
    assert_eq!(process_state(&spec.dir).unwrap(), ProcessState::Lost);
    let report = tokio::task::spawn_blocking(move || sweep(spec.process)).await.unwrap();
    assert!(report.killed >= 6, "{report:?}");
    assert_eq!(report.left, 0);
    assert!(!find_live().iter().any(|(process, _)| *process == shim.process()));
    // Those that shed their environment; only a control group finds them.
    for pid in holders(spec.process) {
        kill(pid);
    }
    assert!(shim.signal_interrupt().await.is_err(), "the handle knows");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_of_a_shim_that_hangs_is_by_force() {
    let bench = Bench::new();
    let spec = bench.shell("echo ready; sleep 1000");
    let (shim, mut events) = start(&spec);
    let started = wait_for_event(&mut events, |event| matches!(event, ShimEvent::Started { .. })).await;
    let ShimEvent::Started { shim: holder, agent } = started else { unreachable!() };
    until_line(&spec, "ready").await;
    let pid = rustix::process::Pid::from_raw(holder.pid.cast_signed()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::STOP).unwrap();
    let stopped = shim.stop_and_wait(Duration::from_millis(10), false).await;
    assert!(matches!(stopped, legion_process::Stopped::ByForce(_)), "{stopped:?}");
    to_the_end(&mut events).await;
    until("the program is dead", || (!agent.is_alive()).then_some(())).await;
    assert!(!find_live().iter().any(|(process, _)| *process == spec.process));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_takes_only_those_it_was_told() {
    let bench = Bench::new();
    let mut specs = Vec::new();
    for name in ["a", "b", "c"] {
        let mut spec = bench.shell("echo ready; sleep 1000");
        spec.conversation_lock = bench.path(name);
        let child = start_alone(&spec);
        until_line(&spec, "ready").await;
        specs.push((spec, child));
    }
    let wanted = [specs[0].0.process, specs[2].0.process];
    let report = tokio::task::spawn_blocking(move || sweep_many(&wanted)).await.unwrap();
    assert!(report.killed >= 2, "{report:?}");
    assert_eq!(report.left, 0);
    let live = find_live();
    let alive = |index: usize| {
        let (spec, _): &(legion_process::ShimSpec, _) = &specs[index];
        live.iter().any(|(process, _)| *process == spec.process)
    };
    assert!(!alive(0) && alive(1) && !alive(2));
    sweep(specs[1].0.process);
    for (_, child) in &mut specs {
        until("the shim ends", || child.try_wait().unwrap()).await;
    }
}

/// Killed at any moment and started again until it ran: the program never runs twice, and the
/// marker never says that it did not run when it did.
#[tokio::test(flavor = "multi_thread")]
async fn a_shim_killed_at_any_moment_never_starts_its_program_twice() {
    const ROUNDS: usize = 150;
    let bench = Bench::new();
    let seed = u64::from_le_bytes(uuid::Uuid::new_v4().as_bytes()[..8].try_into().unwrap());
    println!("seed {seed}");
    let mut random = seed | 1;
    let (mut starts, mut kills_before) = (0, 0);
    for round in 0..ROUNDS {
        let count = bench.path(&format!("count-{round}"));
        let mut spec = bench.shell(&format!("echo x >> {}; exec sleep 1000", count.display()));
        spec.conversation_lock = bench.path(&format!("conversation-{round}"));
        while !was_started(&spec.dir) {
            let mut child = start_alone(&spec);
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let wait = Duration::from_micros(random % 8_000);
            let began = Instant::now();
            // Busy, since a sleep is too coarse for the moments that matter.
            while began.elapsed() < wait {
                std::hint::spin_loop();
            }
            child.kill().unwrap();
            child.wait().unwrap();
            // Whatever it started dies by the signal of its parent's death, perhaps a moment later.
            until("the program is dead", || {
                let live = find_live();
                (!live.iter().any(|(process, _)| *process == spec.process)).then_some(())
            })
            .await;
            if !was_started(&spec.dir) {
                kills_before += 1;
                assert!(!count.exists(), "it ran without a marker (seed {seed})");
            }
        }
        // A restart after the fact must refuse, whatever the transcript holds.
        let again = start_alone(&spec).wait().unwrap().code();
        assert_eq!(again, Some(i32::from(legion_process::exit_code::ALREADY_STARTED)));
        let ran = std::fs::read_to_string(&count).unwrap_or_default().lines().count();
        assert!(ran <= 1, "it ran {ran} times (seed {seed})");
        starts += ran;
        assert!(matches!(process_state(&spec.dir).unwrap(), ProcessState::Lost));
    }
    println!("{kills_before} kills before the start, {starts} of {ROUNDS} programs ran");
    assert!(kills_before > 0, "the moments were well chosen");
}

fn kill(pid: u32) {
    let pid = rustix::process::Pid::from_raw(pid.cast_signed()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}
