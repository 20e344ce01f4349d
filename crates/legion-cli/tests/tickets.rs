//! The commands of tickets against a service of fixed answers: what they send, what they refuse, and their exit codes.

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
    body::Bytes,
    extract::State,
    http::{Method, StatusCode, Uri},
    response::{IntoResponse, Response},
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

/// Requests as they came: `METHOD /path?query`, and the body.
type Seen = Arc<Mutex<Vec<(String, Value)>>>;

/// A service in a thread of its own.
struct Service {
    url: String,
    seen: Seen,
}

impl Service {
    fn start() -> Self {
        let seen = Seen::default();
        let (ready, address) = std::sync::mpsc::channel();
        let router = Router::new().fallback(answer).with_state(seen.clone());
        std::thread::spawn(move || {
            let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                ready.send(listener.local_addr().unwrap()).unwrap();
                axum::serve(listener, router).await.unwrap();
            });
        });
        Self { url: format!("http://{}", address.recv().unwrap()), seen }
    }

    fn legion(&self, words: &[&str]) -> ExitCode {
        self.legion_as(words, None)
    }

    fn legion_as(&self, words: &[&str], session: Option<&str>) -> ExitCode {
        let mut variables =
            vec![("LEGION_URL".into(), OsString::from(&self.url)), ("LEGION_TOKEN".into(), "token".into())];
        variables.extend(session.map(|id| ("LEGION_SESSION_ID".into(), id.into())));
        let words = std::iter::once("legion").chain(words.iter().copied()).map(OsString::from);
        legion_cli::main(&NoHooks, words, &Environment::new(variables, "/work/shop".into()))
    }

    /// What came since the last call; the question which service this is does not count.
    fn seen(&self) -> Vec<(String, Value)> {
        let mut seen = std::mem::take(&mut *self.seen.lock().unwrap());
        seen.retain(|(call, _)| call != "GET /v1/service");
        seen
    }
}

async fn answer(State(seen): State<Seen>, method: Method, uri: Uri, body: Bytes) -> Response {
    let body: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    seen.lock().unwrap().push((format!("{method} {uri}"), body));
    let path = uri.path();
    let answer = match (method.as_str(), path) {
        ("GET", "/v1/sessions") => json!({"sessions": [session()]}),
        ("GET", "/v1/sessions/main") | ("PATCH", _) => session(),
        ("POST", "/v1/sessions/main/use" | "/v1/sessions/main/complete") => session(),
        ("POST", "/v1/tickets" | "/v1/plans") if uri.query().is_some_and(|query| query.contains("check")) => check(),
        ("POST", "/v1/tickets" | "/v1/plans") => {
            json!({"session": "main", "tickets": [3], "position": 7, "warnings": ["it is a test"]})
        }
        ("GET", "/v1/tickets") => {
            json!({"tickets": [ticket()], "counts": {"total": 1, "working": 1}, "next": null})
        }
        ("GET", "/v1/tickets/3") | ("POST", "/v1/tickets/3/approve" | "/v1/tickets/3/deny") => detail(),
        ("GET", "/v1/tickets/3/why") => why(),
        ("GET", "/v1/tickets/why") => json!({"tickets": [why()], "next": null}),
        ("GET", "/v1/tickets/3/deps" | "/v1/tickets/self/deps") => {
            json!({"ticket_id": 3, "dependencies": [], "dependents": []})
        }
        ("GET", "/v1/tickets/3/diff") => {
            json!({"ticket": 3, "of": "merged", "from": "a", "to": "b", "files": [], "text": "", "cut": false})
        }
        ("GET", "/v1/rescues" | "/v1/tickets/3/rescues") => json!({"rescues": [rescue()]}),
        ("POST", "/v1/tickets/3/undelete") => json!({"rescue": rescue(), "into": "/work/shop/legion-ticket-3"}),
        ("POST", "/v1/tickets/3/stop" | "/v1/tickets/stop" | "/v1/tickets/3/retry") | ("DELETE", "/v1/tickets/3") => {
            json!({"tickets": [3]})
        }
        ("POST", "/v1/report") => json!({"ticket": 3, "status": "done"}),
        ("POST", "/v1/repository/gc") => json!({"clones": 1, "agents": 0, "gate_runs": 2, "kept": ["a clone"]}),
        ("GET", "/v1/teams") => json!({"teams": [team()]}),
        ("PUT", "/v1/teams/mine") => team(),
        ("GET", "/v1/roles") => json!({"roles": [role()]}),
        ("PUT", "/v1/roles/critic") => role(),
        ("DELETE", "/v1/teams/mine" | "/v1/roles/critic" | "/v1/sessions/main") => {
            return StatusCode::NO_CONTENT.into_response();
        }
        _ => {
            let problem = Problem::new(ProblemCode::NotFound, format!("there is no {path}"));
            return (StatusCode::NOT_FOUND, Json(problem)).into_response();
        }
    };
    Json(answer).into_response()
}

fn session() -> Value {
    json!({"name": "main", "project": "/work/shop", "current": true, "phase": "active", "branch": "main", "base": "a", "tip": "a",
        "target_branch": "legion/main/leader", "opened_at": NOW, "opened_by": "root", "tickets": {"total": 1, "working": 1},
        "settings": {"workers": 2, "overlap": "warn", "group_caps": {}, "gates": [], "protect": []},
        "queue": [], "landing": null, "merged": 0, "conflicts": 0, "turned_down": 0, "imports": 0})
}

fn ticket() -> Value {
    json!({"id": 3, "session": "main", "local": null, "title": "Parse options", "status": "working", "merge": "none",
        "after": [{"id": 1, "status": "done"}], "dependents": [], "checkpoint": false, "worker": 1, "agent": AGENT, "attempts": 1,
        "failures": 0, "max_attempts": 3, "stage": "running", "added_at": NOW, "began_at": NOW, "attempt_began_at": NOW,
        "closed_at": null, "retry_at": null, "working_seconds": 5, "error": null, "why": null, "summary": null, "commit": null,
        "tree": null, "gates": [], "team": null, "role": null, "group": null, "driver": "claude", "model": null, "files": [],
        "by": "root", "cost_usd": null,
        "usage": {"input_tokens": 0, "output_tokens": 0, "cache_read_tokens": 0, "cache_write_tokens": 0}})
}

fn why() -> Value {
    json!({"ticket": 3, "status": "working", "mover": {"who": "service", "agent": null, "agent_name": null, "ticket": null},
        "what": "its clone is being made", "deadline": NOW, "overlaps": []})
}

fn detail() -> Value {
    json!({"ticket": ticket(), "prompt": "p", "context": null, "criteria": [], "plan": null, "command": null, "timeout_seconds": 60,
        "on_upstream": "wait", "wanted_worker": null, "feedback": null, "why": why(), "attempt": null, "history": [],
        "verdicts": [], "rescues": []})
}

fn check() -> Value {
    json!({"valid": false, "tickets": 1, "levels": 0, "widest": 0, "warnings": [],
        "problems": [{"kind": "no-criteria", "ticket": "a", "text": "ticket `a` has neither criteria nor a gate"}]})
}

fn rescue() -> Value {
    json!({"ticket": 3, "title": "Parse options", "deleted": false, "number": 1, "place": "main/t3/a1", "commit": "c",
        "reference": "refs/legion/rescue/3", "at": NOW})
}

fn team() -> Value {
    json!({"id": "mine", "name": "Mine", "description": "ours", "roles": ["engineer"], "prompt": "be kind", "builtin": false})
}

fn role() -> Value {
    json!({"id": "critic", "name": "Critic", "description": "judges", "duty": "review", "prompt": "look", "driver": null,
        "command": null, "model": "m", "builtin": false})
}

/// Runs it; gives what was sent, as one call with its body.
fn sent(service: &Service, words: &[&str]) -> (String, Value) {
    assert_eq!(service.legion(words), ExitCode::SUCCESS, "{words:?}");
    let mut seen = service.seen();
    assert_eq!(seen.len(), 1, "{words:?} sent {seen:?}");
    seen.remove(0)
}

#[test]
fn each_command_is_one_call_about_the_project_of_the_directory() {
    let service = Service::start();
    let project = "project=%2Fwork%2Fshop";
    for (words, method, path, body) in [
        (&["why", "3"][..], "GET", "/v1/tickets/3/why?", Value::Null),
        (&["why", "--all"], "GET", "/v1/tickets/why?", Value::Null),
        (&["deps", "#3"], "GET", "/v1/tickets/3/deps?", Value::Null),
        (&["diff", "3", "--stat"], "GET", "/v1/tickets/3/diff?", Value::Null),
        (&["log", "3"], "GET", "/v1/tickets/3?", Value::Null),
        (&["stop", "3"], "POST", "/v1/tickets/3/stop?", Value::Null),
        (&["stop", "all"], "POST", "/v1/tickets/stop?", json!({})),
        (&["stop", "all", "--session", "main"], "POST", "/v1/tickets/stop?", json!({"session": "main"})),
        (&["retry", "3"], "POST", "/v1/tickets/3/retry?", json!({})),
        (
            &["retry", "3", "--feedback", "- read it", "-k", "x", "--timeout", "2m", "--gate", "true"],
            "POST",
            "/v1/tickets/3/retry?",
            json!({"feedback": "- read it", "criteria": ["x"], "gate": ["true"], "timeout": 120}),
        ),
        (&["undelete", "--list"], "GET", "/v1/rescues?", Value::Null),
        (&["undelete", "3", "--list"], "GET", "/v1/tickets/3/rescues?", Value::Null),
        (
            &["undelete", "3", "--rescue", "2"],
            "POST",
            "/v1/tickets/3/undelete?",
            json!({"rescue": 2, "into": "/work/shop/legion-ticket-3"}),
        ),
        (&["approve", "3"], "POST", "/v1/tickets/3/approve?", json!({})),
        (&["deny", "3", "--reason", "no"], "POST", "/v1/tickets/3/deny?", json!({"reason": "no"})),
        (&["gc"], "POST", "/v1/repository/gc?", Value::Null),
        (&["sessions"], "GET", "/v1/sessions?", Value::Null),
        (&["sessions", "use", "main"], "POST", "/v1/sessions/main/use?", Value::Null),
        (&["sessions", "complete", "main"], "POST", "/v1/sessions/main/complete?", Value::Null),
        (&["teams"], "GET", "/v1/teams?", Value::Null),
        (&["teams", "delete", "mine"], "DELETE", "/v1/teams/mine?", Value::Null),
        (&["roles", "show", "critic"], "GET", "/v1/roles?", Value::Null),
    ] {
        let (call, came) = sent(&service, words);
        assert_eq!(call, format!("{method} {path}{project}"), "{words:?}");
        assert_eq!(came, body, "{words:?}");
        let json: Vec<&str> = words.iter().copied().chain(["--json"]).collect();
        assert_eq!(service.legion(&json), ExitCode::SUCCESS, "{json:?}");
        service.seen();
    }
    let (call, _) = sent(&service, &["delete", "3", "--dependents"]);
    assert_eq!(call, format!("DELETE /v1/tickets/3?{project}&dependents=true"));
    let (call, _) = sent(&service, &["sessions", "delete", "main", "--force"]);
    assert_eq!(call, format!("DELETE /v1/sessions/main?{project}&force=true"));
}

#[test]
fn a_dispatch_sends_what_was_asked_for_and_nothing_else() {
    let service = Service::start();
    let line = ["dispatch", "2", "-k", "it works", "-a", "1,2", "--command", "true", "--driver", "command", "Do it"];
    assert_eq!(service.legion(&line), ExitCode::SUCCESS);
    let seen = service.seen();
    assert_eq!(seen[0].0, "GET /v1/sessions?project=%2Fwork%2Fshop", "whether there is a session to go to");
    assert_eq!(seen[1].0, "POST /v1/tickets?project=%2Fwork%2Fshop");
    let body = json!({"title": "Do it", "prompt": "Do it", "criteria": ["it works"], "after": ["1", "2"], "checkpoint": false,
        "worker": 2, "driver": "command", "command": "true"});
    assert_eq!(seen[1].1, body);
    let (call, body) = sent(&service, &["dispatch", "-k", "x", "--session", "main", "Do it"]);
    assert_eq!((call.as_str(), &body["session"]), ("POST /v1/tickets?project=%2Fwork%2Fshop", &json!("main")));
}

#[test]
fn what_is_refused_sends_nothing() {
    let service = Service::start();
    for words in [
        &["dispatch", "-k", "x"][..],
        &["dispatch", "-k", "x", "two", "words"],
        &["dispatch", "-k", "x", "y", "--after", "0"],
        &["dispatch", "-k", "x", "y", "--nonsense"],
        &["stop", "3", "all"],
        &["stop", "3", "--session", "main"],
        &["sessions", "set"],
        &["run", "/no/such/plan.toml"],
        &["run", "/"],
        &["report", "done"],
        &["retry", "3", "--feedback", "-", "--prompt", "-"],
    ] {
        assert_eq!(service.legion(words), ExitCode::from(2), "{words:?}");
        assert_eq!(service.seen(), [], "{words:?}");
    }
}

#[test]
fn an_agent_speaks_of_its_own_project_and_ticket() {
    let service = Service::start();
    assert_eq!(service.legion_as(&["deps"], Some(AGENT)), ExitCode::SUCCESS);
    assert_eq!(service.legion_as(&["report", "done", "all of it"], Some(AGENT)), ExitCode::SUCCESS);
    assert_eq!(service.legion_as(&["dispatch", "-k", "x", "Do it"], Some(AGENT)), ExitCode::SUCCESS);
    let seen = service.seen();
    let calls: Vec<&str> = seen.iter().map(|(call, _)| call.as_str()).collect();
    assert_eq!(calls, ["GET /v1/tickets/self/deps", "POST /v1/report", "POST /v1/tickets"]);
    assert_eq!(seen[1].1, json!({"status": "done", "summary": "all of it"}));
    for words in [&["init"][..], &["land"], &["sync"]] {
        assert_eq!(service.legion_as(words, Some(AGENT)), ExitCode::from(11), "{words:?}");
    }
    assert_eq!(service.seen(), []);
}

#[test]
fn a_team_keeps_what_is_not_set_anew() {
    let service = Service::start();
    assert_eq!(service.legion(&["teams", "set", "mine", "--roles", "tech_lead,engineer"]), ExitCode::SUCCESS);
    let seen = service.seen();
    let body = json!({"name": "Mine", "description": "ours", "roles": ["tech_lead", "engineer"], "prompt": "be kind"});
    assert_eq!(seen[1], ("PUT /v1/teams/mine?project=%2Fwork%2Fshop".to_owned(), body));
    assert_eq!(service.legion(&["roles", "set", "critic", "--duty", "verify"]), ExitCode::SUCCESS);
    let body = json!({"name": "Critic", "description": "judges", "duty": "verify", "prompt": "look", "model": "m"});
    assert_eq!(service.seen()[1], ("PUT /v1/roles/critic?project=%2Fwork%2Fshop".to_owned(), body));
    assert_eq!(service.legion(&["teams", "set", "new"]), ExitCode::from(2));
    assert_eq!(service.legion(&["roles", "set", "new", "--duty", "write"]), ExitCode::from(2));
    assert_eq!(service.legion(&["roles", "show", "new"]), ExitCode::from(12));
}

#[test]
fn a_plan_with_faults_is_told_and_not_dispatched() {
    let service = Service::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("PLAN.toml");
    std::fs::write(&file, "[[ticket]]\nid = \"a\"\ntitle = \"A\"\n").unwrap();
    let file = file.to_str().unwrap();
    for words in
        [&["run", file][..], &["run", file, "--json"], &["run", file, "--check"], &["run", file, "--check", "--json"]]
    {
        assert_eq!(service.legion(words), ExitCode::from(2), "{words:?}");
        let seen = service.seen();
        assert_eq!(seen.len(), 1, "{seen:?}");
        assert_eq!(seen[0].0, "POST /v1/plans?project=%2Fwork%2Fshop&check=true");
    }
    assert_eq!(service.legion(&["run", file, "--check", "--workers", "5"]), ExitCode::from(2));
    assert_eq!(service.seen()[0].1["plan"]["session"], json!({"workers": 5}));
}

#[test]
fn sessions_are_set_field_by_field() {
    let service = Service::start();
    let line = ["sessions", "set", "--workers", "4", "--gate", "", "--group-cap", "db=1", "--overlap", "hold"];
    assert_eq!(service.legion(&line), ExitCode::SUCCESS);
    let seen = service.seen();
    assert_eq!(seen[1].0, "PATCH /v1/sessions/main?project=%2Fwork%2Fshop");
    assert_eq!(seen[1].1, json!({"workers": 4, "gate": [], "group_caps": {"db": 1}, "overlap": "hold"}));
}
