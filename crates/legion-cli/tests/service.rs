//! The program against a service of fixed answers: exit codes, and what it sends.

use std::{
    ffi::{OsStr, OsString},
    io,
    path::Path,
    process::{ExitCode, Output},
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Json, Router,
    extract::{Path as Id, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use legion_api::{Problem, ProblemCode};
use legion_cli::{Environment, Hooks, Look, Probe, ServeArgs, StartedService};
use serde_json::{Value, json};
use tokio::{net::TcpListener, runtime};

const AGENT: &str = "0b6e4f0e-77aa-4000-8000-000000000001";
const NOW: &str = "2026-11-21T12:00:00Z";

/// Nothing may be needed of the binary while a service runs.
struct NoHooks;

impl Hooks for NoHooks {
    fn serve(&self, _: &ServeArgs) -> ExitCode {
        panic!("nothing is to be served")
    }
    fn start_detached(&self, _: &ServeArgs) -> Result<Box<dyn StartedService>, String> {
        panic!("nothing is to be started")
    }
    fn shim(&self, _: &[OsString]) -> ExitCode {
        panic!("no shim is asked for")
    }
    fn openapi(&self) -> String {
        panic!("no document is asked for")
    }
    fn doctor<'a>(&'a self, _: &'a Path) -> Look<'a> {
        Box::pin(async { Vec::new() })
    }
    fn claude(&self) -> Vec<Probe> {
        Vec::new()
    }
    fn run(&self, _: &OsStr, _: &[&OsStr], _: &Path, _: Duration) -> io::Result<Output> {
        panic!("nothing is to be run")
    }
}

/// Bodies that changed something, as they came.
type Sent = Arc<Mutex<Vec<Value>>>;

/// A service in a thread of its own, and the bodies that it was sent.
struct Service {
    url: String,
    sent: Sent,
}

impl Service {
    fn start() -> Self {
        let sent = Sent::default();
        let (ready, address) = std::sync::mpsc::channel();
        let router = router(sent.clone());
        std::thread::spawn(move || {
            let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                ready.send(listener.local_addr().unwrap()).unwrap();
                axum::serve(listener, router).await.unwrap();
            });
        });
        Self { url: format!("http://{}", address.recv().unwrap()), sent }
    }

    fn legion(&self, line: &str) -> ExitCode {
        self.legion_as(line, None)
    }

    fn legion_as(&self, line: &str, session: Option<&str>) -> ExitCode {
        let mut variables =
            vec![("LEGION_URL".into(), OsString::from(&self.url)), ("LEGION_TOKEN".into(), "token".into())];
        variables.extend(session.map(|id| ("LEGION_SESSION_ID".into(), id.into())));
        let words = std::iter::once("legion").chain(line.split_whitespace()).map(OsString::from);
        legion_cli::main(&NoHooks, words, &Environment::new(variables, "/somewhere".into()))
    }

    fn sent(&self) -> Vec<Value> {
        self.sent.lock().unwrap().clone()
    }
}

fn router(sent: Sent) -> Router {
    Router::new()
        .route("/v1/org/agents", post(hire))
        .route("/v1/org/agents/{id}", get(agent))
        .route("/v1/org/agents/{id}/wait", get(wait))
        .route("/v1/org/tree", get(async || Json(tree())))
        .route("/v1/events", get(events))
        .route(
            "/v1/org/inbox",
            get(async || Json(json!({"messages": [message("m1", "report"), message("m2", "approval")]}))),
        )
        .route("/v1/org/inbox/ack", post(ack))
        .with_state(sent)
}

async fn hire(State(sent): State<Sent>, Json(body): Json<Value>) -> Json<Value> {
    sent.lock().unwrap().push(body);
    Json(json!({"id": AGENT, "name": "completed", "parent": "root", "level": 1, "driver": "command", "model": null,
        "cwd": "/somewhere", "project": "p", "tier": "none", "warnings": ["it is a test"]}))
}

async fn ack(State(sent): State<Sent>, Json(body): Json<Value>) -> Json<Value> {
    sent.lock().unwrap().push(body);
    Json(json!({"acked": 1}))
}

/// The problem that is called like this.
fn problem(name: &str) -> Option<Response> {
    let code = ProblemCode::ALL.iter().find(|code| code.as_str() == name)?;
    let problem = Problem::new(*code, format!("something about `{name}`")).hint("do something");
    Some((StatusCode::from_u16(code.status()).unwrap(), Json(problem)).into_response())
}

/// An agent is called like the outcome of its run, or like the problem that asking for it gives. Nobody may look into the sibling.
async fn agent(Id(name): Id<String>) -> Response {
    if let Some(problem) = problem(if name == "sibling" { ProblemCode::Forbidden.as_str() } else { &name }) {
        return problem;
    }
    let name = if name == AGENT { "completed".to_owned() } else { name };
    Json(json!({"id": name, "name": name, "role": null, "parent": "root", "level": 1, "driver": "command", "command": "sh",
        "model": null, "cwd": "/", "project": "p", "tools": null, "permission_mode": null,
        "limits": {"max_turns": null, "timeout_seconds": null, "budget": null, "headcount": null, "depth": null, "models": null},
        "on_restart": "idle", "status": "idle", "run": null, "queued": 0, "usage": usage(), "cost_usd": null, "can_steer": false,
        "hired_at": NOW, "suspect": null}))
    .into_response()
}

async fn wait(Id(name): Id<String>) -> Response {
    if let Some(problem) = problem(&name) {
        return problem;
    }
    let name = if name == "sibling" { "limit".to_owned() } else { name };
    if name == "never" {
        return StatusCode::NO_CONTENT.into_response();
    }
    Json(
        json!({"id": "r", "agent": AGENT, "number": 1, "outcome": name, "result": "done", "error": null, "exit_code": 0,
        "usage": usage(), "cost_usd": null, "turns": null, "started_at": NOW, "ended_at": NOW}),
    )
    .into_response()
}

async fn events() -> Response {
    ([(header::CONTENT_TYPE, "text/event-stream")], ": nothing happens\n\n").into_response()
}

fn usage() -> Value {
    json!({"input_tokens": 0, "output_tokens": 0, "cache_read_tokens": 0, "cache_write_tokens": 0})
}

fn tree() -> Value {
    json!({"id": "root", "name": "root", "role": null, "parent": null, "level": 0, "driver": null, "status": "idle", "run": null,
        "queued": 0, "last_outcome": null, "cost_usd": null, "suspect": null, "matched": true, "reports": []})
}

fn message(id: &str, kind: &str) -> Value {
    json!({"id": id, "from": AGENT, "from_name": "a", "to": "root", "kind": kind, "text": "hello", "at": NOW, "state": "accepted",
        "by": null, "approval": null, "reason": null})
}

#[test]
fn a_wait_exits_with_the_outcome_of_the_run() {
    let service = Service::start();
    for (outcome, code) in [("completed", 0), ("failed", 1), ("interrupted", 5), ("limit", 6), ("killed", 7)] {
        assert_eq!(service.legion(&format!("wait {outcome}")), ExitCode::from(code), "{outcome}");
        assert_eq!(service.legion(&format!("wait {outcome} --json")), ExitCode::from(code), "{outcome} as JSON");
    }
}

#[test]
fn an_agent_waits_for_whom_it_may_not_look_into() {
    let service = Service::start();
    assert_eq!(service.legion_as("wait sibling", Some(AGENT)), ExitCode::from(6));
}

#[test]
fn a_wait_that_times_out_says_so_by_its_exit_code() {
    let service = Service::start();
    assert_eq!(service.legion("wait never --timeout 0"), ExitCode::from(8));
    assert_eq!(service.legion("wait never --timeout 0 --json"), ExitCode::from(8));
}

#[test]
fn a_problem_exits_with_the_code_of_its_kind() {
    let service = Service::start();
    // A service that is ending is waited for; that takes its time and is the client's to test.
    for code in ProblemCode::ALL.iter().filter(|code| **code != ProblemCode::ShuttingDown) {
        assert_eq!(
            service.legion(&format!("wait {}", code.as_str())),
            ExitCode::from(code.exit_code()),
            "{}",
            code.as_str()
        );
    }
}

#[test]
fn a_person_hires_into_the_current_directory_and_an_agent_into_its_own() {
    let service = Service::start();
    assert_eq!(service.legion("hire x"), ExitCode::SUCCESS);
    assert_eq!(service.legion("hire x --cwd sub"), ExitCode::SUCCESS);
    assert_eq!(service.legion_as("hire x", Some(AGENT)), ExitCode::SUCCESS);
    assert_eq!(service.legion_as("hire x", Some("root")), ExitCode::SUCCESS);
    let directories: Vec<Value> = service.sent().iter().map(|body| body["cwd"].clone()).collect();
    assert_eq!(directories, [json!("/somewhere"), json!("/somewhere/sub"), Value::Null, json!("/somewhere")]);
}

#[test]
fn a_hire_sends_what_was_asked_for_and_nothing_else() {
    let service = Service::start();
    service.legion("hire x --driver command --command sh --timeout 2m --tools Read,Edit --budget 2");
    let expected = json!({"task": "x", "driver": "command", "command": "sh", "cwd": "/somewhere", "timeout_seconds": 120,
        "tools": ["Read", "Edit"], "budget_usd": 2.0});
    assert_eq!(service.sent(), [expected]);
}

#[test]
fn a_hire_that_waits_exits_with_the_outcome() {
    let service = Service::start();
    assert_eq!(service.legion("hire x --wait"), ExitCode::SUCCESS);
    assert_eq!(service.legion("hire x --wait --json"), ExitCode::SUCCESS);
}

#[test]
fn an_acknowledged_inbox_keeps_what_waits_for_a_decision() {
    let service = Service::start();
    assert_eq!(service.legion("inbox"), ExitCode::SUCCESS);
    assert_eq!(service.sent(), Vec::<Value>::new());
    assert_eq!(service.legion("inbox --ack"), ExitCode::SUCCESS);
    assert_eq!(service.sent(), [json!({"messages": ["m1"]})]);
}
