//! Much output, and the shim's own memory.

use legion_process::{ExitCause, ShimEvent, tail_lines, transcript_path};

use crate::support::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_megabytes_without_a_newline_pass_in_little_memory() {
    const BYTES: usize = 100_000_000;
    let bench = Bench::new();
    let spec = bench.shell(&format!("head -c {BYTES} /dev/zero | tr '\\0' x; read line"));
    let (shim, mut events) = start(&spec);
    let started = wait_for_event(&mut events, |event| matches!(event, ShimEvent::Started { .. })).await;
    let ShimEvent::Started { shim: holder, .. } = started else { unreachable!() };
    let path = transcript_path(&spec.dir);
    until("all is recorded", || {
        let length = std::fs::metadata(&path).unwrap().len();
        (length > BYTES as u64).then_some(())
    })
    .await;
    let anonymous = memory_kb(holder.pid, "Anonymous:");
    println!("the shim held {anonymous} kB after {BYTES} bytes of one line");
    assert!(anonymous <= 4096);
    shim.close_stdin().await.unwrap();
    to_the_end(&mut events).await;
    let lines = tail_lines(&[path], 10).unwrap();
    assert_eq!(lines.len(), 1);
    let line = &lines[0];
    assert_eq!(line.bytes.len() + usize::try_from(line.cut_bytes).unwrap(), BYTES);
    assert!(!line.ended);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_writes_too_much_is_stopped() {
    let bench = Bench::new();
    let mut spec = bench.shell("trap '' TERM; exec tr '\\0' x < /dev/zero");
    spec.output_bytes_max = 1 << 20;
    spec.grace = 100;
    let (_shim, mut events) = start(&spec);
    to_the_end(&mut events).await;
    assert_eq!(exit(&spec).cause, ExitCause::OutputLimit);
    let bytes = stdout(&spec).len();
    assert!((1 << 20..(1 << 20) + 256 * 1024).contains(&bytes), "{bytes}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shim_is_small() {
    let bench = Bench::new();
    let spec = bench.shell("read line");
    let (shim, mut events) = start(&spec);
    let started = wait_for_event(&mut events, |event| matches!(event, ShimEvent::Started { .. })).await;
    let ShimEvent::Started { shim: holder, .. } = started else { unreachable!() };
    let field = |name| memory_kb(holder.pid, name);
    println!(
        "an idle shim: anonymous {} kB, private dirty {} kB, private clean {} kB, proportional {} kB",
        field("Anonymous:"),
        field("Private_Dirty:"),
        field("Private_Clean:"),
        field("Pss:")
    );
    assert!(field("Anonymous:") <= 4096);
    let threads = std::fs::read_dir(format!("/proc/{}/task", holder.pid)).unwrap().count();
    assert_eq!(threads, 1);
    shim.close_stdin().await.unwrap();
    to_the_end(&mut events).await;
}
