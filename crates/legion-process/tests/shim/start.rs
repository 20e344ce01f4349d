//! What is started, what is not, and why.

use std::time::{Duration, Instant};

use legion_process::{Content, FailureKind, ProcessState, ShimEvent, ShimSpec, exit_code, process_state, was_started};

use crate::support::*;

async fn failure(spec: &ShimSpec) -> (FailureKind, String) {
    let (_shim, mut events) = start(spec);
    to_the_end(&mut events).await;
    let frames = frames(spec);
    let [Content::Failed(failure)] = &frames[..] else { panic!("{frames:?}") };
    assert!(!was_started(&spec.dir) || failure.kind != FailureKind::WorkingDirectory);
    assert_eq!(process_state(&spec.dir).unwrap(), ProcessState::Failed(failure.clone()));
    let again = start_alone(spec).wait().unwrap().code();
    assert_eq!(again, Some(i32::from(exit_code::ALREADY_STARTED)), "failed for good");
    (failure.kind, failure.message.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_started_says_why() {
    let bench = Bench::new();
    let mut spec = bench.shell("");
    spec.program = "/no/such/program".into();
    let (kind, message) = failure(&spec).await;
    assert_eq!(kind, FailureKind::ProgramNotFound);
    assert!(message.contains("/no/such/program"), "{message}");

    let mut spec = bench.shell("");
    spec.program = "no-such-name".into();
    assert_eq!(failure(&spec).await.0, FailureKind::ProgramNotFound);

    let mut spec = bench.shell("");
    let plain = bench.path("plain");
    std::fs::write(&plain, "text").unwrap();
    spec.program = plain.to_str().unwrap().into();
    assert_eq!(failure(&spec).await.0, FailureKind::ProgramNotExecutable);

    let mut spec = bench.shell("");
    spec.cwd = bench.path("nowhere");
    let (kind, message) = failure(&spec).await;
    assert_eq!(kind, FailureKind::WorkingDirectory);
    assert!(message.contains("nowhere"), "{message}");

    let mut spec = bench.shell("");
    spec.cwd = plain;
    assert_eq!(failure(&spec).await.0, FailureKind::WorkingDirectory);

    let mut spec = bench.shell("");
    spec.cgroup = Some(bench.path("no-group"));
    assert_eq!(failure(&spec).await.0, FailureKind::Cgroup);

    let mut spec = bench.shell("");
    spec.stdin = first_input("", false);
    spec.stdin.as_mut().unwrap().bytes = legion_process::Bytes::File(bench.path("no-input"));
    assert_eq!(failure(&spec).await.0, FailureKind::Input);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_specification_that_is_cut_off_starts_nothing() {
    use std::io::Write as _;
    let bench = Bench::new();
    let touched = bench.path("touched");
    let spec = bench.shell(&format!("touch {}", touched.display()));
    let text = serde_json::to_vec(&spec).unwrap();
    for length in [0, 1, text.len() / 2, text.len() - 1] {
        let mut child =
            std::process::Command::new(shim_program()).arg("shim").stdin(std::process::Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(&text[..length]).unwrap();
        let code = child.wait().unwrap().code();
        assert_eq!(code, Some(i32::from(exit_code::SPEC_INVALID)));
    }
    assert!(!touched.exists() && !was_started(&spec.dir));
    assert_eq!(process_state(&spec.dir).unwrap(), ProcessState::NeverStarted);
    assert_eq!(start_alone(&spec).wait().unwrap().code(), Some(0));
    assert!(touched.exists() && was_started(&spec.dir));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_is_held_by_one_shim_and_started_once() {
    let bench = Bench::new();
    let count = bench.path("count");
    let spec = bench.shell(&format!("echo x >> {}; read line", count.display()));
    let (shim, mut events) = start(&spec);
    wait_for_event(&mut events, |event| matches!(event, ShimEvent::Started { .. })).await;
    assert_eq!(process_state(&spec.dir).unwrap(), ProcessState::Held);
    let (_second_shim, mut second_events) = start(&spec);
    let seen = to_the_end(&mut second_events).await;
    let started = |event: &ShimEvent| matches!(event, ShimEvent::Started { .. });
    assert!(!seen.iter().any(started), "the second does not speak for the first");
    let second = start_alone(&spec).wait().unwrap().code();
    assert_eq!(second, Some(i32::from(exit_code::ALREADY_RUNNING)));
    shim.close_stdin().await.unwrap();
    to_the_end(&mut events).await;
    assert!(matches!(process_state(&spec.dir).unwrap(), ProcessState::Exited(_)));
    let third = start_alone(&spec).wait().unwrap().code();
    assert_eq!(third, Some(i32::from(exit_code::ALREADY_STARTED)));
    std::fs::remove_file(legion_process::transcript_path(&spec.dir)).unwrap();
    let fourth = start_alone(&spec).wait().unwrap().code();
    assert_eq!(fourth, Some(i32::from(exit_code::ALREADY_STARTED)), "the marker alone suffices");
    assert_eq!(std::fs::read_to_string(count).unwrap(), "x\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_conversation_has_one_live_process() {
    let bench = Bench::new();
    let first = bench.shell("read line");
    let (shim, mut events) = start(&first);
    wait_for_event(&mut events, |event| matches!(event, ShimEvent::Started { .. })).await;
    // One that waits until the first is gone, and starts then.
    let patient = bench.shell("echo mine");
    let (_patient_shim, mut patient_events) = start(&patient);
    until("it waits", || {
        let held = process_state(&patient.dir).unwrap();
        (held == ProcessState::Held).then_some(())
    })
    .await;
    assert!(!was_started(&patient.dir));
    shim.close_stdin().await.unwrap();
    to_the_end(&mut events).await;
    to_the_end(&mut patient_events).await;
    assert_eq!(lines(&patient), ["mine"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_that_stays_busy_is_refused() {
    let bench = Bench::new();
    let first = bench.shell("read line");
    let (shim, mut events) = start(&first);
    wait_for_event(&mut events, |event| matches!(event, ShimEvent::Started { .. })).await;
    let second = bench.shell("echo mine");
    let (kind, _) = failure(&second).await;
    assert_eq!(kind, FailureKind::ConversationBusy);
    assert!(!was_started(&second.dir));
    shim.stop_and_wait(Duration::from_millis(100), false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_returns_at_once() {
    let bench = Bench::new();
    let mut spec = bench.shell("true");
    // Far more than a pipe holds, for a shim that reads nothing yet.
    spec.stdin = first_input(&"x".repeat(2 << 20), true);
    let began = Instant::now();
    let (_shim, mut events) = start(&spec);
    let took = began.elapsed();
    println!("a start with 2 MiB of input took {took:?}");
    assert!(took < Duration::from_secs(1));
    to_the_end(&mut events).await;
    let spec = bench.shell("true");
    let began = Instant::now();
    let (_shim, mut events) = start(&spec);
    println!("a start without input took {:?}", began.elapsed());
    to_the_end(&mut events).await;
    assert!(was_started(&spec.dir));
}
