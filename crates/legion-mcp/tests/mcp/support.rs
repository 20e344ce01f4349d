//! A service that is scripted in this process, and an MCP client that speaks line by line.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use legion_api::{Problem, ProblemCode};
use legion_client::{Client, Handler, HandlerFuture, Transport};
use legion_mcp::Caller;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, ReadHalf, WriteHalf};
use tokio::task::JoinHandle;

const DEADLINE: Duration = Duration::from_secs(20);

/// What reached the service.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    pub call: String,
    pub body: Value,
    pub key: Option<String>,
    pub token: Option<String>,
}

/// Answers one request: its number, and the request. Null data is an empty body.
type Script = dyn Fn(usize, &Seen) -> (u16, Value) + Send + Sync;

pub struct Fake {
    script: Box<Script>,
    seen: Mutex<Vec<Seen>>,
}

impl Fake {
    pub fn new(script: impl Fn(usize, &Seen) -> (u16, Value) + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { script: Box::new(script), seen: Mutex::new(Vec::new()) })
    }

    /// A service that answers every call as a small organisation would.
    pub fn organisation() -> Arc<Self> {
        Self::new(|_, seen| usual(seen))
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("no test panics with it").clone()
    }
}

struct Lent(Arc<Fake>);

impl Handler for Lent {
    fn handle(&self, request: Request<Bytes>) -> HandlerFuture<'_> {
        let header = |name: &str| request.headers().get(name).map(|value| value.to_str().expect("text").to_owned());
        let seen = Seen {
            call: format!("{} {}", request.method(), request.uri()),
            body: serde_json::from_slice(request.body()).unwrap_or(Value::Null),
            key: header("idempotency-key"),
            token: header("authorization"),
        };
        let number = {
            let mut all = self.0.seen.lock().expect("no test panics with it");
            all.push(seen.clone());
            all.len() - 1
        };
        let (status, body) = (self.0.script)(number, &seen);
        let body = if body.is_null() { Bytes::new() } else { body.to_string().into() };
        Box::pin(async move {
            Response::builder()
                .status(status)
                .body(Full::new(body).map_err(|never| match never {}).boxed_unsync())
                .expect("a response")
        })
    }
}

pub fn caller(fake: &Arc<Fake>, token: &str) -> Caller {
    let transport = Transport::InProcess(Arc::new(Lent(Arc::clone(fake))));
    caller_over(transport, token)
}

/// It is always noon of the first day.
pub fn caller_over(transport: Transport, token: &str) -> Caller {
    Caller {
        client: Client::new(transport, Some(token)).expect("a client"),
        id: "agent-7".to_owned(),
        clock: Arc::new(|| "2026-01-01T12:00:00Z".parse().expect("a time")),
        project: None,
    }
}

/// An MCP session over a pair of streams.
pub struct Session {
    input: WriteHalf<DuplexStream>,
    output: BufReader<ReadHalf<DuplexStream>>,
    serving: JoinHandle<Result<(), legion_mcp::McpError>>,
    next: u64,
}

impl Session {
    pub fn start(caller: Caller) -> Self {
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        let (reader, writer) = tokio::io::split(theirs);
        let serving = tokio::spawn(legion_mcp::serve(caller, reader, writer));
        let (output, input) = tokio::io::split(ours);
        Self { input, output: BufReader::new(output), serving, next: 100 }
    }

    /// Starts a session and opens it as a client would.
    pub async fn open(caller: Caller) -> Self {
        let mut session = Self::start(caller);
        let params = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}});
        session.ask("initialize", params).await;
        session.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}).to_string()).await;
        session
    }

    pub async fn send(&mut self, line: &str) {
        self.input.write_all(format!("{line}\n").as_bytes()).await.expect("the server reads");
    }

    pub async fn receive(&mut self) -> Value {
        let mut line = String::new();
        let reading = self.output.read_line(&mut line);
        tokio::time::timeout(DEADLINE, reading).await.expect("an answer in time").expect("the server writes");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("`{line}` is no JSON: {error}"))
    }

    /// Sends a request and returns its whole answer.
    pub async fn ask(&mut self, method: &str, params: Value) -> Value {
        self.next += 1;
        let request = json!({"jsonrpc": "2.0", "id": self.next, "method": method, "params": params});
        self.send(&request.to_string()).await;
        let answer = self.receive().await;
        assert_eq!(answer["id"], self.next, "{answer}");
        answer
    }

    /// Calls a tool and returns its result.
    pub async fn call(&mut self, tool: &str, arguments: Value) -> Value {
        let answer = self.ask("tools/call", json!({"name": tool, "arguments": arguments})).await;
        let result = &answer["result"];
        let text = result["content"][0]["text"].as_str().unwrap_or_else(|| panic!("no text in {answer}"));
        let told: Value = serde_json::from_str(text).expect("the text is JSON");
        assert_eq!(told, result["structuredContent"], "text and structure say the same");
        result.clone()
    }

    /// Hangs up, and waits until the server has ended.
    pub async fn close(mut self) {
        self.input.shutdown().await.expect("the stream closes");
        drop((self.input, self.output));
        let ended = tokio::time::timeout(DEADLINE, self.serving).await.expect("it ends").expect("no panic");
        ended.expect("it ends well");
    }
}

pub fn problem(code: ProblemCode, detail: &str) -> (u16, Value) {
    let problem = Problem::new(code, detail).hint("ask your parent");
    (code.status(), serde_json::to_value(problem).expect("a problem is JSON"))
}

pub fn message(id: &str, kind: &str, text: &str) -> Value {
    json!({"id": id, "from": "a-1", "from_name": "ann", "to": "agent-7", "kind": kind, "text": text, "at": "2026-01-01T00:00:00Z",
        "state": "seen", "by": null, "approval": null, "reason": null})
}

pub fn node(id: &str, level: u32, reports: Vec<Value>) -> Value {
    json!({"id": id, "name": id, "role": null, "parent": "root", "level": level, "driver": "command", "status": "idle", "run": null,
        "queued": 0, "last_outcome": null, "cost_usd": null, "suspect": null, "matched": true, "reports": reports})
}

fn agent(id: &str) -> Value {
    json!({"id": id, "name": "ann", "role": null, "parent": "root", "level": 1, "driver": "claude", "command": null, "model": "m",
        "cwd": "/w", "project": "/w", "tools": null, "permission_mode": null,
        "limits": {"max_turns": null, "timeout_seconds": null, "budget": null, "headcount": 3, "depth": null, "models": null},
        "on_restart": "idle", "status": "idle", "run": null, "queued": 0,
        "usage": {"input_tokens": 0, "output_tokens": 0, "cache_read_tokens": 0, "cache_write_tokens": 0},
        "cost_usd": null, "can_steer": true, "hired_at": null, "suspect": null})
}

fn run_result() -> Value {
    json!({"id": "r-1", "agent": "a-1", "number": 1, "outcome": "completed", "result": "done", "error": null, "exit_code": 0,
        "usage": {"input_tokens": 1, "output_tokens": 2, "cache_read_tokens": 0, "cache_write_tokens": 0}, "cost_usd": null, "turns": 1,
        "started_at": "2026-01-01T00:00:00Z", "ended_at": "2026-01-01T00:00:01Z"})
}

/// What a small organisation answers.
pub fn usual(seen: &Seen) -> (u16, Value) {
    let report = json!({"id": "a-1", "name": "ann", "role": "tester", "level": 2, "driver": "claude", "status": "working", "run": null,
        "queued": 0, "cost_usd": null, "suspect": null});
    let path = seen.call.split('?').next().unwrap_or_default();
    let body = match path {
        "POST /v1/org/agents" => {
            json!({"id": "a-1", "name": "ann", "parent": "agent-7", "level": 2, "driver": "claude", "model": null,
            "cwd": "/w", "project": "/w", "tier": "full", "warnings": []})
        }
        "POST /v1/org/agents/a-1/messages" => {
            json!({"id": "m-9", "to": "a-1", "state": "accepted", "delivery": "after its turn"})
        }
        "POST /v1/org/agents/a-1/interrupt" => json!({"id": "a-1", "run": "r-1", "message": null}),
        "DELETE /v1/org/agents/a-1" => json!({"fired": ["a-1"], "kept": [], "ended": true}),
        "GET /v1/org/agents/a-1" => agent("a-1"),
        "GET /v1/org/agents/a-1/logs" => {
            json!({"lines": [{"at": "2026-01-01T00:00:00Z", "stream": "stdout", "text": "hello"}], "next": "1"})
        }
        "GET /v1/org/agents/a-1/wait" => run_result(),
        "GET /v1/org/status" => {
            json!({"agent": agent("agent-7"), "inbox": [message("m-1", "report", "done")], "reports": [report]})
        }
        "GET /v1/org/tree" => node("agent-7", 1, vec![node("a-1", 2, vec![node("a-2", 3, vec![])])]),
        "GET /v1/org/inbox" => {
            json!({"messages": [message("m-1", "report", "done"), message("m-2", "approval", "may I?")]})
        }
        "POST /v1/org/inbox/ack" => json!({"acked": seen.body["messages"].as_array().map_or(0, Vec::len)}),
        "POST /v1/plans" if seen.call.contains("check") => {
            json!({"valid": true, "tickets": 1, "levels": 1, "widest": 1, "problems": [], "warnings": []})
        }
        "POST /v1/tickets" | "POST /v1/plans" => {
            json!({"session": "main", "tickets": [3], "position": 7, "warnings": []})
        }
        "GET /v1/tickets" => json!({"tickets": [ticket()], "counts": {"total": 1, "working": 1}, "next": null}),
        "GET /v1/tickets/3" => detail(),
        "GET /v1/tickets/3/why" => why(),
        "GET /v1/tickets/why" => json!({"tickets": [why()], "next": null}),
        "GET /v1/tickets/3/deps" | "GET /v1/tickets/self/deps" => {
            json!({"ticket_id": 3, "dependents": [], "dependencies": [{"id": 1, "title": "Types", "status": "done",
                "merge_status": "merged", "summary": "made them", "diff_summary": ["src/a.rs +1 -0"], "is_checkpoint": false, "on_upstream": "wait"}]})
        }
        "GET /v1/tickets/3/diff" => {
            json!({"ticket": 3, "of": "collected", "from": "a", "to": "b", "cut": false, "text": "+added\n",
                "files": [{"path": "a", "status": "added", "additions": 1, "deletions": 0, "binary": false}]})
        }
        "GET /v1/tickets/3/log" => {
            json!({"lines": [{"at": "2026-01-01T00:00:00Z", "stream": "stdout", "text": "hello"}], "next": "1"})
        }
        "POST /v1/tickets/3/retry" | "POST /v1/tickets/3/stop" | "POST /v1/tickets/stop" => json!({"tickets": [3]}),
        "DELETE /v1/tickets/3" => json!({"tickets": [3]}),
        "GET /v1/tickets/3/rescues" | "GET /v1/rescues" => json!({"rescues": []}),
        "GET /v1/sessions" => json!({"sessions": []}),
        "GET /v1/teams" => json!({"teams": [{"id": "solo", "name": "Solo", "description": "One", "roles": ["engineer"],
            "prompt": "", "builtin": true}]}),
        "GET /v1/roles" => json!({"roles": []}),
        "POST /v1/report" => json!({"ticket": 3, "status": "done"}),
        "GET /v1/org/messages/m-1" => message("m-1", "report", "done"),
        _ => return problem(ProblemCode::NotFound, "no such agent"),
    };
    (200, body)
}

fn ticket() -> Value {
    json!({"id": 3, "session": "main", "local": "parse", "title": "Parse options", "status": "working", "merge": "none",
        "after": [{"id": 1, "status": "done"}], "dependents": [], "checkpoint": false, "worker": 1, "agent": "a-1", "attempts": 1,
        "failures": 0, "max_attempts": 3, "stage": "running", "added_at": "2026-01-01T00:00:00Z", "began_at": "2026-01-01T00:00:01Z",
        "attempt_began_at": "2026-01-01T00:00:01Z", "closed_at": null, "retry_at": null, "working_seconds": 5, "error": null,
        "why": null, "summary": null, "commit": null, "tree": null, "gates": [], "team": null, "role": null, "group": null,
        "driver": "claude", "model": null, "files": [], "by": "root",
        "usage": {"input_tokens": 0, "output_tokens": 0, "cache_read_tokens": 0, "cache_write_tokens": 0}, "cost_usd": null})
}

fn why() -> Value {
    json!({"ticket": 3, "status": "working", "mover": {"who": "agent", "agent": "a-1", "agent_name": "ann", "ticket": null},
        "what": "its agent `ann` works on it", "deadline": "2026-01-01T01:00:00Z", "overlaps": []})
}

fn detail() -> Value {
    json!({"ticket": ticket(), "prompt": "write the parser", "context": null, "criteria": ["it parses"], "plan": null, "command": null,
        "timeout_seconds": 3600, "on_upstream": "wait", "wanted_worker": null, "feedback": null, "why": why(), "attempt": null,
        "history": [], "verdicts": [], "rescues": []})
}
