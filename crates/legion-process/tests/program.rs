//! Other programs.

use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};

use legion_process::{Program, ProgramError, spawn_detached};

const LIMIT: Duration = Duration::from_secs(60);

fn shell(script: &str) -> Program {
    Program::new("/bin/sh").args(["-c", script]).env("PATH", "/usr/bin:/bin")
}

#[tokio::test]
async fn a_program_gets_its_input_and_gives_its_output() {
    let program = shell("cat; echo $NAME >&2; exit 4").env("NAME", "me").stdin("hello");
    let output = program.run_to_end(LIMIT, 1024).await.unwrap();
    assert_eq!(output.stdout, b"hello");
    assert_eq!(output.stderr, b"me\n");
    assert_eq!(output.status.code(), Some(4));
    assert!(!output.cut);
    let cleared = shell("env | grep -c CARGO").run_to_end(LIMIT, 1024).await.unwrap();
    assert_eq!(cleared.stdout, b"0\n", "nothing is inherited");
}

#[tokio::test]
async fn too_much_output_is_cut_and_input_that_nobody_reads_is_no_error() {
    let program = shell("head -c 1000000 /dev/zero").stdin(vec![0; 1_000_000]);
    let output = program.run_to_end(LIMIT, 1000).await.unwrap();
    assert_eq!(output.stdout.len(), 1000);
    assert!(output.cut && output.status.success());
}

#[tokio::test]
async fn a_program_that_takes_too_long_is_killed_with_its_children() {
    let directory = tempfile::tempdir().unwrap();
    let pids = directory.path().join("pids");
    let script = format!("sleep 1000 & echo $! > {0}; echo $$ >> {0}; wait", pids.display());
    let began = Instant::now();
    let limit = Duration::from_millis(500);
    let error = shell(&script).run_to_end(limit, 1024).await.unwrap_err();
    assert!(matches!(error, ProgramError::TimedOut { .. }), "{error}");
    assert!(began.elapsed() < Duration::from_secs(20));
    for pid in std::fs::read_to_string(pids).unwrap().split_whitespace() {
        until_dead(pid).await;
    }
}

#[tokio::test]
async fn a_program_that_is_not_there_says_so() {
    let error = Program::new("/no/such/program").run_to_end(LIMIT, 1).await.unwrap_err();
    assert!(error.to_string().contains("/no/such/program"), "{error}");
}

#[tokio::test]
async fn a_detached_program_has_its_own_session_and_writes_to_its_log() {
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("log");
    let script =
        "echo out; echo error >&2; cut -d ' ' -f 6 /proc/$$/stat; echo $GREETING; read line && echo input; echo end";
    let mut detached = spawn_detached(
        Path::new("/bin/sh"),
        ["-c", script],
        [("PATH", "/usr/bin:/bin"), ("GREETING", "hello")],
        File::create(&log).unwrap(),
    )
    .unwrap();
    let deadline = Instant::now() + LIMIT;
    let text = loop {
        let text = std::fs::read_to_string(&log).unwrap();
        if text.contains("end\n") {
            break text;
        }
        assert!(Instant::now() < deadline, "{text}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    assert_eq!(text, format!("out\nerror\n{}\nhello\nend\n", detached.pid()));
    while detached.ended().is_none_or(|status| !status.success()) {
        assert!(Instant::now() < deadline, "it does not end");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn until_dead(pid: &str) {
    let deadline = Instant::now() + LIMIT;
    loop {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"));
        let state = stat.ok().and_then(|stat| stat.rsplit_once(") ").map(|(_, rest)| rest.as_bytes()[0]));
        if matches!(state, None | Some(b'Z')) {
            return;
        }
        assert!(Instant::now() < deadline, "{pid} lives on");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
