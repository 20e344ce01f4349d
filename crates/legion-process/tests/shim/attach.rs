//! The service goes and comes back; strangers knock.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use legion_process::{
    AttachError, Entry, LINE_BYTES_MAX, LineFollower, Position, Shim, ShimEvent, ShimSpec, transcript_path,
};
use uuid::Uuid;

use crate::support::*;

#[test]
fn a_service_that_comes_back_misses_nothing_and_sees_nothing_twice() {
    const LINES: usize = 3_000;
    let bench = Bench::new();
    let spec = bench.shell(&format!(
        "i=0; while [ $i -lt {LINES} ]; do echo line $i; i=$((i+1)); \
         [ $((i % 100)) = 0 ] && sleep 0.02; done; read line; echo got $line"
    ));
    let mut seen = Vec::new();
    let mut position = Position::default();
    // A runtime for each life of the service: all its tasks die with it.
    let service = || tokio::runtime::Runtime::new().unwrap();
    service().block_on(async {
        let (_shim, mut events) = start(&spec);
        wait_for_event(&mut events, |event| matches!(event, ShimEvent::Started { .. })).await;
        read_on(&spec, &mut position, &mut seen, 50).await;
    });
    for life in 2..8 {
        service().block_on(async {
            let (_shim, mut events) = Shim::attach(&spec.socket, spec.process, &spec.secret).await.unwrap();
            let first = events.next().await.unwrap();
            assert!(matches!(first, ShimEvent::Started { .. }));
            read_on(&spec, &mut position, &mut seen, life * 300).await;
        });
    }
    let repeated = Uuid::new_v4();
    for _ in 0..2 {
        service().block_on(async {
            let attached = Shim::attach(&spec.socket, spec.process, &spec.secret).await;
            // The second life may find that the program has ended by the first one's input.
            let Ok((shim, mut events)) = attached else { return };
            shim.write(repeated, b"input\n", false).await.ok();
            to_the_end(&mut events).await;
        });
    }
    service().block_on(read_on(&spec, &mut position, &mut seen, LINES + 1));
    let expected = (0..LINES).map(|number| format!("line {number}"));
    let expected: Vec<_> = expected.chain(["got input".to_owned()]).collect();
    assert_eq!(seen, expected);
}

async fn read_on(spec: &ShimSpec, position: &mut Position, seen: &mut Vec<String>, until_seen: usize) {
    let path = transcript_path(&spec.dir);
    let mut follower = LineFollower::open(&path, *position, LINE_BYTES_MAX).unwrap();
    until("more lines", || {
        while seen.len() < until_seen
            && let Some((next, entry)) = follower.next_entry().unwrap()
        {
            *position = next;
            if let Entry::Line(line) = entry {
                seen.push(line.text());
            }
        }
        (seen.len() >= until_seen).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_services_at_once_both_hear() {
    let bench = Bench::new();
    let spec = bench.shell("cat");
    let (first, mut first_events) = start(&spec);
    wait_for_event(&mut first_events, |event| matches!(event, ShimEvent::Started { .. })).await;
    let (second, mut second_events) = Shim::attach(&spec.socket, spec.process, &spec.secret).await.unwrap();
    let id = Uuid::new_v4();
    second.write(id, b"hello\n", false).await.unwrap();
    wait_for_event(&mut second_events, |event| *event == ShimEvent::Wrote(id)).await;
    first.write(id, b"hello\n", true).await.unwrap();
    wait_for_event(&mut first_events, |event| *event == ShimEvent::Wrote(id)).await;
    first.close_stdin().await.unwrap();
    to_the_end(&mut first_events).await;
    to_the_end(&mut second_events).await;
    assert_eq!(lines(&spec), ["hello"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_is_not_served_and_does_no_harm() {
    let bench = Bench::new();
    let spec = bench.shell("cat");
    let (shim, mut events) = start(&spec);
    wait_for_event(&mut events, |event| matches!(event, ShimEvent::Started { .. })).await;
    let wrong = Shim::attach(&spec.socket, spec.process, "open barley").await;
    assert!(matches!(wrong, Err(AttachError::Wrong { .. })), "{wrong:?}");
    let wrong = Shim::attach(&spec.socket, Uuid::new_v4(), &spec.secret).await;
    assert!(matches!(wrong, Err(AttachError::Wrong { .. })), "{wrong:?}");
    let absent = Shim::attach(&bench.path("none"), spec.process, &spec.secret).await;
    assert!(matches!(absent, Err(AttachError::Absent { .. })), "{absent:?}");

    for garbage in [
        b"\n".to_vec(),
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
        b"{\"stop\":{\"grace_ms\":0}}\n".to_vec(),
        vec![0xff; 100_000],
        format!("{{\"legion_shim\":1,\"process\":\"{}\",\"secret\":\"\"}}\n", spec.process).into_bytes(),
    ] {
        let mut stream = knock(&spec);
        // The shim may close before it has taken everything.
        let _ = stream.write_all(&garbage);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        assert_eq!(answer, b"", "{:?}", String::from_utf8_lossy(&garbage));
    }
    // Many who say nothing: the oldest make room, and the service is not disturbed.
    let silent: Vec<_> = (0..40).map(|_| knock(&spec)).collect();
    let id = Uuid::new_v4();
    shim.write(id, b"still here\n", true).await.unwrap();
    wait_for_event(&mut events, |event| *event == ShimEvent::Wrote(id)).await;
    to_the_end(&mut events).await;
    assert_eq!(lines(&spec), ["still here"]);
    drop(silent);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_of_another_version_is_understood() {
    let bench = Bench::new();
    let spec = bench.shell("cat");
    let (shim, mut events) = start(&spec);
    wait_for_event(&mut events, |event| matches!(event, ShimEvent::Started { .. })).await;
    let mut stream = knock(&spec);
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut ask = |line: &str| {
        stream.write_all(line.as_bytes()).unwrap();
        stream.write_all(b"\n").unwrap();
        let mut answer = String::new();
        reader.read_line(&mut answer).unwrap();
        serde_json::from_str::<serde_json::Value>(&answer).unwrap()
    };
    let welcome = ask(&format!(
        "{{\"legion_shim\":7,\"process\":\"{}\",\"secret\":\"{}\",\"new\":[1]}}",
        spec.process, spec.secret
    ));
    assert_eq!(welcome["legion_shim"], 1);
    assert_eq!(welcome["process"], spec.process.to_string());
    for field in ["pid", "start_time", "shim_pid", "length"] {
        assert!(welcome[field].is_u64(), "{welcome}");
    }
    assert!(ask("{\"dance\":{}}")["error"].is_string());
    assert!(ask("{\"write\":{\"id\":7}}")["error"].is_string());
    assert!(ask("{\"signal\":\"quit\"}")["error"].is_string());
    let id = Uuid::new_v4();
    let refused = ask(&format!("{{\"write\":{{\"id\":\"{id}\",\"data\":\"%%\"}}}}"));
    assert_eq!(refused["refused"]["id"], id.to_string());
    let request = format!("{{\"write\":{{\"id\":\"{id}\",\"text\":\"hi\\n\",\"new\":1}},\"also\":2}}");
    let mut answer = ask(&request);
    // The length may come first.
    while answer["wrote"] != id.to_string() {
        answer = ask(&request);
    }
    until_line(&spec, "hi").await;
    let (mut stream, _) = (knock(&spec), reader);
    stream.write_all(b"this is no JSON\n").unwrap();
    assert_eq!(stream.read(&mut [0; 1]).unwrap(), 0, "closed");
    shim.stop_and_wait(Duration::from_millis(100), false).await;
    assert_eq!(lines(&spec), ["hi"]);
}

/// A service that reads nothing: the program must not be slowed down, nor the shim fill its memory.
#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_reads_nothing_holds_up_nobody() {
    let bench = Bench::new();
    let spec = bench.shell("read line; i=0; while [ $i -lt 20000 ]; do echo $i; i=$((i+1)); done; read line");
    let (shim, mut events) = start(&spec);
    let started = wait_for_event(&mut events, |event| matches!(event, ShimEvent::Started { .. })).await;
    let ShimEvent::Started { shim: holder, .. } = started else { unreachable!() };
    let mut deaf = knock(&spec);
    let hello = format!("{{\"legion_shim\":1,\"process\":\"{}\",\"secret\":\"{}\"}}\n", spec.process, spec.secret);
    deaf.write_all(hello.as_bytes()).unwrap();
    let began = Instant::now();
    shim.write(Uuid::new_v4(), b"go\n", false).await.unwrap();
    until_line(&spec, "19999").await;
    println!("20000 lines beside a deaf service took {:?}", began.elapsed());
    let anonymous = memory_kb(holder.pid, "Anonymous:");
    println!("the shim held {anonymous} kB");
    assert!(anonymous <= 4096);
    shim.close_stdin().await.unwrap();
    to_the_end(&mut events).await;
}

fn knock(spec: &ShimSpec) -> UnixStream {
    let stream = UnixStream::connect(&spec.socket).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}
