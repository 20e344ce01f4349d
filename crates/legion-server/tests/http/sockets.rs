//! Real connections.

use std::net::SocketAddr;
use std::time::Duration;

use legion_server::serve;
use legion_testkit::npm::Skip;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{Bench, PATIENCE, PERSON, bench, server};

async fn listen(bench: &Bench) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (server, _) = server(&bench.engine);
    serve(server, vec![listener], None);
    address
}

/// Sends bytes, and reads the answer to its end.
async fn exchange(address: SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.expect("connected");
    let (mut read, mut write) = stream.split();
    let mut answer = Vec::new();
    let (_, ended) =
        tokio::join!(write.write_all(request), tokio::time::timeout(PATIENCE, read.read_to_end(&mut answer)));
    ended.expect("the connection ends in time").expect("an answer and no reset");
    String::from_utf8_lossy(&answer).into_owned()
}

fn head(address: SocketAddr, request: &str, more: &str) -> String {
    format!(
        "{request} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {PERSON}\r\nconnection: close\r\n{more}\r\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_of_ten_megabytes_is_answered_over_a_socket() {
    let bench = bench().await;
    let address = listen(&bench).await;
    let body = format!(r#"{{"task":"{}"}}"#, "x".repeat(10 * 1024 * 1024));
    let kind = "content-type: application/json\r\n";
    let whole = head(address, "POST /v1/org/agents", &format!("{kind}content-length: {}\r\n", body.len())) + &body;
    let mut chunked = head(address, "POST /v1/org/agents", &format!("{kind}transfer-encoding: chunked\r\n"));
    for piece in body.as_bytes().chunks(100_000) {
        chunked.push_str(&format!("{:x}\r\n{}\r\n", piece.len(), std::str::from_utf8(piece).expect("ASCII")));
    }
    chunked.push_str("0\r\n\r\n");
    for request in [whole, chunked] {
        let answer = exchange(address, request.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 413 ") && answer.contains("LEG0008"), "{answer}");
    }
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_and_silence_disturb_nobody() {
    let bench = bench().await;
    let address = listen(&bench).await;
    // A connection that never says anything is ended; meanwhile others are served.
    let mut silent = TcpStream::connect(address).await.expect("connected");
    let answer = exchange(address, b"\x00\xff\x16\x03\x01 hello\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    let long = format!("GET / HTTP/1.1\r\nhost: {address}\r\nx: {}\r\n\r\n", "x".repeat(200_000));
    let answer = exchange(address, long.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    let answer = exchange(address, head(address, "GET /health", "").as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with(r#"{"status":"healthy"}"#), "{answer}");
    let mut rest = Vec::new();
    let ended = tokio::time::timeout(PATIENCE, silent.read_to_end(&mut rest)).await;
    ended.expect("the silent connection is ended").expect("closed");
    bench.end().await;
}

/// More than the service has places for, and still within what a test may open on most machines (both ends are in this process).
const HALF_OPEN: usize = 3_000;
/// When a connection that says nothing is ended anyway.
const SILENCE_ENDS: Duration = Duration::from_secs(5);
/// Descriptors that all else needs.
const DESCRIPTORS: usize = 500;

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_never_say_who_they_are_shut_nobody_out() {
    let limits = std::fs::read_to_string("/proc/self/limits").expect("there");
    let files = limits.lines().find_map(|line| line.strip_prefix("Max open files")).expect("a limit");
    let files: usize = files.split_whitespace().next().and_then(|soft| soft.parse().ok()).unwrap_or(usize::MAX);
    if files < HALF_OPEN + 1_024 + DESCRIPTORS {
        let _ = Skip::new(format!("{files} descriptors are too few (ulimit -n)"));
        return;
    }
    let bench = bench().await;
    let address = listen(&bench).await;
    // One that is known keeps its place, and so does its stream.
    let mut stream = TcpStream::connect(address).await.expect("connected");
    stream.write_all(head(address, "GET /v1/events", "").as_bytes()).await.expect("sent");
    let mut seen = Vec::new();
    while !seen.windows(4).any(|bytes| bytes == b"id: ") {
        assert!(stream.read_buf(&mut seen).await.expect("read") > 0, "the stream is open");
    }
    // Silent ones, ones that begin a head and never end it, and ones that ask without a token and stay.
    let begun = format!("GET /v1/org/agents HTTP/1.1\r\nhost: {address}\r\n");
    let asked = format!("{begun}\r\n");
    let mut half_open = Vec::new();
    let ask = head(address, "GET /v1/org/inbox", "");
    for number in 0..HALF_OPEN {
        let mut one = TcpStream::connect(address).await.expect("connected");
        let words = [&b""[..], begun.as_bytes(), asked.as_bytes()][number % 3];
        // It may have had to make room already.
        let _ = one.write_all(words).await;
        half_open.push(one);
        if number % 500 == 499 {
            // Who waits for their time to be over waits for it, thousand by thousand.
            let asking = tokio::time::timeout(SILENCE_ENDS, exchange(address, ask.as_bytes())).await;
            let answer = asking.unwrap_or_else(|_| panic!("after {number} the person is not answered"));
            assert!(answer.starts_with("HTTP/1.1 200 "), "after {number}: {answer}");
        }
    }
    let answer = exchange(address, head(address, "GET /v1/org/inbox", "").as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    drop(half_open);
    let ended = tokio::time::timeout(Duration::from_secs(10), bench.engine.shutdown(false, PATIENCE)).await;
    assert_eq!(ended, Ok(true));
    stream.read_to_end(&mut seen).await.expect("the stream of the one that is known was never cut");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_stream_on_a_socket_ends_with_the_service() {
    let bench = bench().await;
    let address = listen(&bench).await;
    let mut stream = TcpStream::connect(address).await.expect("connected");
    stream.write_all(head(address, "GET /v1/events", "").as_bytes()).await.expect("sent");
    let mut seen = Vec::new();
    while !seen.windows(4).any(|bytes| bytes == b"id: ") {
        assert!(stream.read_buf(&mut seen).await.expect("read") > 0, "the stream is open");
    }
    // One more that waits for its next request.
    let idle = TcpStream::connect(address).await.expect("connected");
    let ended = tokio::time::timeout(Duration::from_secs(10), bench.engine.shutdown(false, PATIENCE)).await;
    assert_eq!(ended, Ok(true));
    stream.read_to_end(&mut seen).await.expect("the stream was ended, not cut");
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
    drop(idle);
}
