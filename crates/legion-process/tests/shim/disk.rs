//! A full disk.

use std::process::Command;

use legion_process::{ExitStatus, ShimEvent, transcript_path};

use crate::support::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_holds_the_program_and_loses_nothing() {
    let bench = Bench::new();
    let mut spec = bench.shell("");
    let mounted =
        Command::new("mount").args(["-t", "tmpfs", "-o", "size=512k,mode=0700", "tmpfs"]).arg(&spec.dir).output();
    if !mounted.as_ref().is_ok_and(|output| output.status.success()) {
        return skip(&format!("no tmpfs can be mounted here: {mounted:?}"));
    }
    let _unmount = Unmount(spec.dir.clone());
    let number = 400_000;
    spec.args[1] = format!("seq {number}; read line; echo got $line");
    let (shim, mut events) = start(&spec);
    let started = wait_for_event(&mut events, |event| matches!(event, ShimEvent::Started { .. })).await;
    let ShimEvent::Started { shim: holder, .. } = started else { unreachable!() };
    let path = transcript_path(&spec.dir);
    let length = || std::fs::metadata(&path).unwrap().len();
    until("the disk is full", || (length() > 480 * 1024).then_some(())).await;
    // An input while nothing can be recorded waits, and is not lost either.
    let id = uuid::Uuid::new_v4();
    shim.write(id, b"input\n", false).await.unwrap();
    let anonymous = memory_kb(holder.pid, "Anonymous:");
    assert!(anonymous <= 4096, "back-pressure, not memory: {anonymous} kB");
    assert!(length() <= 512 * 1024);
    let grown = Command::new("mount").args(["-o", "remount,size=32m"]).arg(&spec.dir).status().unwrap();
    assert!(grown.success());
    let seen = to_the_end(&mut events).await;
    assert!(seen.contains(&ShimEvent::Wrote(id)));
    let lines = lines(&spec);
    assert_eq!(lines.len(), number + 1);
    let in_order = lines.iter().take(number).zip(1..).all(|(line, number)| *line == number.to_string());
    assert!(in_order, "every line once and in order");
    assert_eq!(lines[number], "got input");
    assert_eq!(exit(&spec).status, ExitStatus::Code(0));
}

struct Unmount(std::path::PathBuf);

impl Drop for Unmount {
    fn drop(&mut self) {
        // Lazily: a failed test may leave a shim that still holds it.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}
