//! What goes in and what comes out.

use legion_process::{Bytes, Content, ExitCause, ExitStatus, InputBytes, ShimEvent, Usage};
use uuid::Uuid;

use crate::support::*;

#[tokio::test(flavor = "multi_thread")]
async fn output_is_recorded_in_order_between_the_start_and_the_end() {
    let bench = Bench::new();
    let mut spec = bench.shell("echo one; sleep 0.05; echo two >&2; sleep 0.05; echo three; exit 3");
    spec.env.insert("GREETING".into(), "hello".into());
    let (_shim, mut events) = start(&spec);
    let seen = to_the_end(&mut events).await;
    let frames = frames(&spec);
    assert!(matches!(frames[0], Content::Started(_)));
    assert_eq!(frames[1], Content::Stdout(b"one\n".to_vec()));
    assert_eq!(frames[2], Content::Stderr(b"two\n".to_vec()));
    assert_eq!(frames[3], Content::Stdout(b"three\n".to_vec()));
    let exit = exit(&spec);
    assert_eq!((exit.status, exit.cause), (ExitStatus::Code(3), ExitCause::Own));
    assert!(exit.tree_gone);
    let length = std::fs::metadata(legion_process::transcript_path(&spec.dir)).unwrap().len();
    let told = seen.iter().rev().find_map(|event| match event {
        ShimEvent::Length(length) => Some(*length),
        _ => None,
    });
    assert_eq!(told, Some(length), "the last length told is the whole");
    assert!(!spec.socket.exists(), "the socket is removed");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_gets_its_environment_and_nothing_of_ours() {
    let bench = Bench::new();
    let mut spec = bench.shell(
        "env | sort; ls -l /proc/self/fd | grep -c ' -> '; ulimit -c; pwd; \
         exec grep -E '^Sig(Blk|Ign)' /proc/self/status",
    );
    spec.env.insert("GREETING".into(), "hello".into());
    let (_shim, mut events) = start(&spec);
    to_the_end(&mut events).await;
    let lines = lines(&spec);
    let variables: Vec<_> = lines.iter().filter(|line| line.contains('=')).collect();
    let names: Vec<_> = variables.iter().map(|line| line.split('=').next().unwrap()).collect();
    assert_eq!(names, ["GREETING", "LEGION_PROCESS_ID", "PATH", "PWD"], "PWD is the shell's own");
    let rest = &lines[variables.len()..];
    // Three, and the one with which `ls` reads the directory.
    assert_eq!(rest[0], "4", "{rest:?}");
    assert_eq!(rest[1], "0", "no core files");
    assert_eq!(rest[2], spec.cwd.to_str().unwrap());
    assert!(rest[3].ends_with("0000000000000000") && rest[4].ends_with("0000000000000000"), "{rest:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn inputs_are_written_in_order_and_each_once() {
    let bench = Bench::new();
    let mut spec = bench.shell("cat");
    spec.stdin = first_input("first\n", false);
    let first = spec.stdin.as_ref().unwrap().id;
    let (shim, mut events) = start(&spec);
    until_line(&spec, "first").await;
    let (second, third) = (Uuid::new_v4(), Uuid::new_v4());
    for _ in 0..3 {
        shim.write(second, b"second\n", false).await.unwrap();
        wait_for_event(&mut events, |event| *event == ShimEvent::Wrote(second)).await;
    }
    shim.write(first, b"first\n", false).await.unwrap();
    wait_for_event(&mut events, |event| *event == ShimEvent::Wrote(first)).await;
    let file = bench.path("large");
    std::fs::write(&file, "third\n".repeat(20_000)).unwrap();
    shim.write_file(third, &file, true).await.unwrap();
    let seen = to_the_end(&mut events).await;
    assert!(seen.contains(&ShimEvent::Wrote(third)));
    let lines = lines(&spec);
    assert_eq!(lines[..2], ["first", "second"]);
    assert_eq!(lines.len(), 20_002);
    let frames = frames(&spec);
    let inputs: Vec<_> = frames
        .iter()
        .filter_map(|content| match content {
            Content::Input(input) => Some(input),
            _ => None,
        })
        .collect();
    assert_eq!(inputs.iter().map(|input| input.id).collect::<Vec<_>>(), [first, second, third]);
    assert_eq!(inputs[1].bytes, InputBytes::Whole(b"second\n".to_vec()));
    assert!(matches!(inputs[2].bytes, InputBytes::Hashed { length: 120_000, .. }));
    assert!(inputs[2].close && !inputs[1].close);
    let written = frames.iter().filter(|content| matches!(content, Content::Written(_)));
    assert_eq!(written.count(), 3);
    assert_eq!(exit(&spec).status, ExitStatus::Code(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_more_inputs_standard_input_ends_behind_the_first() {
    let bench = Bench::new();
    let mut spec = bench.shell("cat; echo end");
    let file = bench.path("input");
    std::fs::write(&file, "from a file\n").unwrap();
    spec.stdin = first_input("", false);
    spec.stdin.as_mut().unwrap().bytes = Bytes::File(file);
    spec.keep_stdin_open = false;
    let (shim, mut events) = start(&spec);
    to_the_end(&mut events).await;
    assert_eq!(lines(&spec), ["from a file", "end"]);
    assert!(shim.write(Uuid::new_v4(), b"late", false).await.is_err(), "the shim is gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_input_for_a_closed_pipe_is_refused_and_not_lost() {
    let bench = Bench::new();
    let spec = bench.shell("exec <&-; echo closed; sleep 1000");
    let (shim, mut events) = start(&spec);
    until_line(&spec, "closed").await;
    let id = Uuid::new_v4();
    shim.write(id, b"hello\n", false).await.unwrap();
    let event = wait_for_event(&mut events, |event| matches!(event, ShimEvent::Refused { .. })).await;
    let ShimEvent::Refused { id: refused, reason } = event else { unreachable!() };
    assert_eq!(refused, id);
    assert!(reason.contains("closed"), "{reason}");
    shim.stop_and_wait(std::time::Duration::from_millis(100), false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn binary_output_passes_unchanged() {
    let bench = Bench::new();
    let copy = bench.path("copy");
    let spec = bench.shell(&format!("head -c 300000 /dev/urandom | tee {}", copy.display()));
    let (_shim, mut events) = start(&spec);
    to_the_end(&mut events).await;
    assert!(stdout(&spec) == std::fs::read(copy).unwrap(), "the bytes are the same");
    assert!(!lines(&spec).is_empty(), "and can be shown");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_reads_nothing_does_not_hold_up_the_shim() {
    let bench = Bench::new();
    let spec = bench.shell("trap 'echo interrupted' INT; while :; do sleep 0.05; done");
    let (shim, mut events) = start(&spec);
    wait_for_event(&mut events, |event| matches!(event, ShimEvent::Started { .. })).await;
    let id = Uuid::new_v4();
    shim.write(id, &vec![b'x'; 1 << 20], false).await.unwrap();
    let recorded = |content: &Content| matches!(content, Content::Input(input) if input.id == id);
    until("the input is begun", || frames(&spec).iter().any(recorded).then_some(())).await;
    until("the interrupt is heard", || {
        // Once may be before the trap is set.
        interrupt_in_passing(&shim);
        lines(&spec).contains(&"interrupted".to_owned()).then_some(())
    })
    .await;
    let written = frames(&spec).contains(&Content::Written(id));
    assert!(!written, "a pipe does not hold a megabyte");
    shim.stop_and_wait(std::time::Duration::from_millis(200), false).await;
    assert_eq!(exit(&spec).cause, ExitCause::Stopped);
}

fn interrupt_in_passing(shim: &legion_process::Shim) {
    let shim = shim.clone();
    // Gone or not, the caller looks at what came of it.
    tokio::spawn(async move { shim.signal_interrupt().await.ok() });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_closes_its_output_lives_on() {
    let bench = Bench::new();
    let spec = bench.shell("echo closing; exec >&- 2>&-; read line; exit 7");
    let (shim, mut events) = start(&spec);
    let started = wait_for_event(&mut events, |event| matches!(event, ShimEvent::Started { .. })).await;
    let ShimEvent::Started { agent, shim: holder } = started else { unreachable!() };
    until_line(&spec, "closing").await;
    let fds = format!("/proc/{}/fd", holder.pid);
    let pipes = || {
        std::fs::read_dir(&fds)
            .unwrap()
            .filter(|entry| {
                let target = std::fs::read_link(entry.as_ref().unwrap().path());
                target.is_ok_and(|target| target.to_string_lossy().starts_with("pipe:"))
            })
            .count()
    };
    until("the shim has let go of both pipes", || (pipes() == 1).then_some(())).await;
    assert!(agent.is_alive());
    shim.write(Uuid::new_v4(), b"go\n", false).await.unwrap();
    to_the_end(&mut events).await;
    assert_eq!(exit(&spec).status, ExitStatus::Code(7));
    assert!(!agent.is_alive());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_tree_uses_is_counted() {
    let bench = Bench::new();
    let spec = bench.shell("(while :; do :; done) & echo spinning; wait");
    let (shim, mut events) = start(&spec);
    let started = wait_for_event(&mut events, |event| matches!(event, ShimEvent::Started { .. })).await;
    let ShimEvent::Started { shim: holder, .. } = started else { unreachable!() };
    until_line(&spec, "spinning").await;
    let usage = until("it has used some time", || {
        let usage = Usage::of(holder.pid, None).unwrap();
        (usage.cpu.as_millis() >= 50).then_some(usage)
    })
    .await;
    assert_eq!(usage.processes, 2);
    assert!(usage.resident_bytes > 100_000, "{usage:?}");
    assert!(usage.proportional_bytes.is_none_or(|bytes| bytes <= usage.resident_bytes));
    shim.stop_and_wait(std::time::Duration::from_millis(100), false).await;
    assert!(Usage::of(holder.pid, None).is_err());
}
