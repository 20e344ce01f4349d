//! A small HTTP service over real sockets whose every answer the test writes, down to the byte.
#![expect(dead_code, reason = "each test binary uses its own part")]

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use legion_api::{Problem, ProblemCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Bound of everything a test waits for.
pub const DEADLINE: Duration = Duration::from_secs(20);

#[derive(Debug, Clone)]
pub struct Seen {
    pub method: String,
    pub path: String,
    pub headers: HashMap<String, String>,
    pub body: String,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    pub fn key(&self) -> &str {
        self.header("idempotency-key").expect("the call has a key")
    }
}

pub enum Reply {
    Json(u16, Value),
    /// Status without a body.
    Empty(u16),
    /// These bytes as they are, then the connection is closed.
    Raw(Vec<u8>),
    /// The connection is closed without a word.
    Cut,
    /// Nothing, ever.
    Silence,
    /// Server-sent events, then the connection is closed.
    Events(String),
    /// Server-sent events; the connection stays.
    EventsOpen(String),
}

pub struct Service {
    pub url: String,
    pub connections: Arc<AtomicUsize>,
    seen: Arc<Mutex<Vec<Seen>>>,
    accepting: JoinHandle<()>,
}

impl Service {
    /// Starts a service that answers its nth request (from 0) as told.
    pub async fn start(answer: impl Fn(usize, &Seen) -> Reply + Send + Sync + 'static) -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").await.expect("a free port"), answer)
    }

    pub fn on(listener: TcpListener, answer: impl Fn(usize, &Seen) -> Reply + Send + Sync + 'static) -> Self {
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let connections = Arc::new(AtomicUsize::new(0));
        let answer = Arc::new(answer);
        let accepting = tokio::spawn({
            let (seen, connections) = (Arc::clone(&seen), Arc::clone(&connections));
            async move {
                let mut serving = tokio::task::JoinSet::new();
                while let Ok((stream, _)) = listener.accept().await {
                    connections.fetch_add(1, Ordering::SeqCst);
                    serving.spawn(serve(stream, Arc::clone(&seen), Arc::clone(&answer)));
                }
            }
        });
        Self { url, connections, seen, accepting }
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("no test panics with it").clone()
    }

    /// Ends the service: its port refuses from now on.
    pub async fn stop(self) {
        self.accepting.abort();
        let _ = self.accepting.await;
    }
}

async fn serve(
    mut stream: TcpStream,
    seen: Arc<Mutex<Vec<Seen>>>,
    answer: Arc<impl Fn(usize, &Seen) -> Reply + Send + Sync + 'static>,
) {
    while let Some(request) = read_request(&mut stream).await {
        let number = {
            let mut seen = seen.lock().expect("no test panics with it");
            seen.push(request.clone());
            seen.len() - 1
        };
        let (bytes, go_on) = match answer(number, &request) {
            Reply::Json(status, body) => {
                let body = body.to_string();
                (
                    format!(
                        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                        body.len()
                    )
                    .into_bytes(),
                    true,
                )
            }
            Reply::Empty(status) => (format!("HTTP/1.1 {status} X\r\n\r\n").into_bytes(), true),
            Reply::Raw(bytes) => (bytes, false),
            Reply::Cut => return,
            Reply::Silence => return std::future::pending().await,
            Reply::Events(text) => (events(&text), false),
            Reply::EventsOpen(text) => {
                let _ = stream.write_all(&events(&text)).await;
                return std::future::pending().await;
            }
        };
        if stream.write_all(&bytes).await.is_err() || !go_on {
            return;
        }
    }
}

fn events(text: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\nconnection: close\r\n\r\n{text}")
        .into_bytes()
}

async fn read_request(stream: &mut TcpStream) -> Option<Seen> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        let read = stream.read(&mut chunk).await.ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&chunk[..read]);
    };
    let head = String::from_utf8(bytes[..end].to_vec()).expect("a head is text");
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let headers: HashMap<String, String> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let length = headers.get("content-length").map_or(0, |length| length.parse().expect("a number"));
    let mut body = bytes[end + 4..].to_vec();
    while body.len() < length {
        let read = stream.read(&mut chunk).await.ok().filter(|read| *read > 0)?;
        body.extend_from_slice(&chunk[..read]);
    }
    Some(Seen {
        method: first.next()?.to_owned(),
        path: first.next()?.to_owned(),
        headers,
        body: String::from_utf8(body).expect("the client sends text"),
    })
}

pub fn problem(code: ProblemCode, detail: &str) -> Reply {
    Reply::Json(
        code.status(),
        serde_json::to_value(Problem::new(code, detail).hint("do better")).expect("a problem is JSON"),
    )
}

pub fn told() -> Value {
    json!({"id": "m-1", "to": "a-1", "state": "accepted", "delivery": "now"})
}

pub fn event(number: u64) -> String {
    let body = json!({"number": number, "at": "2026-01-01T00:00:00Z", "kind": "agent-hired", "stream": "s", "agent": null, "body": {}});
    format!("id: {number}\nevent: agent-hired\ndata: {body}\n\n")
}

pub fn run_result() -> Value {
    json!({"id": "r-1", "agent": "a-1", "number": 1, "outcome": "completed", "result": "done", "error": null, "exit_code": 0,
        "usage": {"input_tokens": 1, "output_tokens": 2, "cache_read_tokens": 0, "cache_write_tokens": 0}, "cost_usd": null, "turns": 1,
        "started_at": "2026-01-01T00:00:00Z", "ended_at": "2026-01-01T00:00:01Z"})
}
