//! The commands of the gateway against a service of fixed answers: what they send, what they refuse, and their exit codes.

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
        let variables = [("LEGION_URL".into(), OsString::from(&self.url)), ("LEGION_TOKEN".into(), "token".into())];
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
    seen.lock().unwrap().push((format!("{method} {uri}"), body.clone()));
    let path = uri.path();
    let answer = match (method.as_str(), path) {
        ("GET", "/v1/providers") => json!({"providers": [provider()]}),
        ("PUT", "/v1/providers/mine") => provider(),
        ("POST", "/v1/providers/mine/test") => json!({"ok": true, "error": null, "models": ["m"], "milliseconds": 3}),
        ("POST", "/v1/providers/wrong/test") => {
            json!({"ok": false, "error": "it is not there", "models": [], "milliseconds": 0})
        }
        ("GET", "/v1/models") => json!({"prices": "p", "models": [
            {"provider": "mine", "model": "m", "input": 3.0, "output": null, "context": 200_000}]}),
        ("GET", "/v1/routes") => json!({"routes": [{"for": {"sub_agents": false}, "to": "mine/m", "fallbacks": []}]}),
        ("PUT", "/v1/routes" | "/v1/cassettes") => body,
        ("GET", "/v1/budgets") => json!({"unsettled": [], "budgets": [
            {"for": {"scope": "agent", "name": "id"}, "agent_name": "ann", "limit": 2.0, "spent": 0.5}]}),
        ("POST", "/v1/budgets/reconcile") => json!({"allowances": ["a"]}),
        ("GET", "/v1/cost") => json!({"by": "agent", "lines": [line("ann")], "total": line("total")}),
        ("GET", "/v1/gateway/url") => json!({"anthropic": "http://h/a", "openai": "http://h/o"}),
        ("GET", "/v1/cassettes") => json!({"cassettes": [{"name": "one", "calls": 2, "bytes": 3}],
            "now": {"mode": "off", "nearest": false, "full_speed": false}}),
        ("DELETE", "/v1/providers/mine")
        | ("PUT", "/v1/budgets")
        | ("POST", "/v1/budgets/remove" | "/v1/routes/remove") => return StatusCode::NO_CONTENT.into_response(),
        _ => {
            let problem = Problem::new(ProblemCode::NotFound, format!("there is no {path}"));
            return (StatusCode::NOT_FOUND, Json(problem)).into_response();
        }
    };
    Json(answer).into_response()
}

fn provider() -> Value {
    json!({"name": "mine", "format": "anthropic", "url": "https://llm.example", "key": "env", "key_env": "K", "key_present": true,
        "bearer": false, "free": false, "models": [], "usable": true, "closed": []})
}

fn line(name: &str) -> Value {
    json!({"name": name, "id": null, "calls": 1, "cost": 0.5, "cost_nanos": 500_000_000, "unknown_calls": 0, "estimated_calls": 0,
        "charged_nanos": 500_000_000, "unsettled_nanos": 0, "tokens": {"input": 1, "cache_read": 0, "cache_write_5m": 0,
        "cache_write_1h": 0, "output": 1, "reasoning": 0, "web_searches": 0}})
}

const PROJECT: &str = "project=%2Fwork%2Fshop";

#[test]
fn each_command_sends_what_was_said_and_nothing_else() {
    let service = Service::start();
    for (words, method, path, body) in [
        (&["provider", "list"][..], "GET", "/v1/providers", Value::Null),
        (&["provider", "test", "mine"], "POST", "/v1/providers/mine/test", Value::Null),
        (&["provider", "remove", "mine"], "DELETE", "/v1/providers/mine", Value::Null),
        (
            &["provider", "add", "mine", "--format", "openai_chat", "--url", "https://llm.example", "--key-env", "K"],
            "PUT",
            "/v1/providers/mine",
            json!({"format": "openai_chat", "url": "https://llm.example", "key_env": "K", "login": false}),
        ),
        (
            &["provider", "add", "mine", "--template", "vllm", "--free", "--model", "m", "--header", "x-a=b=c"],
            "PUT",
            "/v1/providers/mine",
            json!({"template": "vllm", "login": false, "free": true, "models": ["m"], "headers": {"x-a": "b=c"}}),
        ),
        (&["models"], "GET", "/v1/models", Value::Null),
        (&["route", "list"], "GET", "/v1/routes", Value::Null),
        (
            &["route", "set", "--default", "mine/m", "--fallback", "b", "--fallback", "c/d"],
            "PUT",
            "/v1/routes",
            json!({"for": {"sub_agents": false}, "to": "mine/m", "fallbacks": ["b", "c/d"]}),
        ),
        (
            &["route", "set", "ann", "mine"],
            "PUT",
            "/v1/routes",
            json!({"for": {"agent": "ann", "sub_agents": false}, "to": "mine", "fallbacks": []}),
        ),
        (
            &["route", "set", "--role", "qa", "--sub-agents", "--asked", "claude-*", "mine"],
            "PUT",
            "/v1/routes",
            json!({"for": {"role": "qa", "sub_agents": true, "asked": "claude-*"}, "to": "mine", "fallbacks": []}),
        ),
        (&["route", "remove", "--ticket", "3"], "POST", "/v1/routes/remove", json!({"ticket": 3, "sub_agents": false})),
        (&["budget", "list"], "GET", "/v1/budgets", Value::Null),
        (&["budget", "reconcile", "--spent", "0.12"], "POST", "/v1/budgets/reconcile", json!({"spent": "0.12"})),
        (
            &["budget", "reconcile", "a", "--spent", "0"],
            "POST",
            "/v1/budgets/reconcile",
            json!({"allowance": "a", "spent": "0"}),
        ),
        (&["cost"], "GET", "/v1/cost?by=agent", Value::Null),
        (&["cost", "--by", "day"], "GET", "/v1/cost?by=day", Value::Null),
        (&["gateway", "url"], "GET", "/v1/gateway/url", Value::Null),
        (&["gateway", "url", "ann"], "GET", "/v1/gateway/url?agent=ann", Value::Null),
        (&["cassette", "list"], "GET", "/v1/cassettes", Value::Null),
        (
            &["cassette", "record", "one"],
            "PUT",
            "/v1/cassettes",
            json!({"mode": "record", "name": "one", "nearest": false, "full_speed": false}),
        ),
        (
            &["cassette", "replay", "one", "--nearest", "--full-speed"],
            "PUT",
            "/v1/cassettes",
            json!({"mode": "replay", "name": "one", "nearest": true, "full_speed": true}),
        ),
        (&["cassette", "stop"], "PUT", "/v1/cassettes", json!({"mode": "off", "nearest": false, "full_speed": false})),
    ] {
        assert_eq!(service.legion(words), ExitCode::SUCCESS, "{words:?}");
        let seen = service.seen();
        assert_eq!(seen.len(), 1, "{words:?} sent {seen:?}");
        let (path, more) = path.split_once('?').unwrap_or((path, ""));
        let (came, query) = seen[0].0.split_once('?').expect("a query");
        assert_eq!(came, format!("{method} {path}"), "{words:?}");
        let mut said: Vec<&str> = query.split('&').collect();
        said.sort_unstable();
        let mut wanted: Vec<&str> = [PROJECT, more].into_iter().filter(|word| !word.is_empty()).collect();
        wanted.sort_unstable();
        assert_eq!(said, wanted, "{words:?}");
        assert_eq!(seen[0].1, body, "{words:?}");
        let json: Vec<&str> = words.iter().copied().chain(["--json"]).collect();
        assert_eq!(service.legion(&json), ExitCode::SUCCESS, "{json:?}");
        service.seen();
    }
}

#[test]
fn a_budget_that_is_set_or_removed_is_shown_with_the_others() {
    let service = Service::start();
    for (words, call, body) in [
        (
            &["budget", "set", "ticket=3", "2.50"][..],
            "PUT /v1/budgets",
            json!({"for": {"scope": "ticket", "name": "3"}, "limit": "2.50"}),
        ),
        (&["budget", "set", "day", "20"], "PUT /v1/budgets", json!({"for": {"scope": "day"}, "limit": "20"})),
        (&["budget", "remove", "agent=ann"], "POST /v1/budgets/remove", json!({"scope": "agent", "name": "ann"})),
    ] {
        assert_eq!(service.legion(words), ExitCode::SUCCESS, "{words:?}");
        let shown = (format!("GET /v1/budgets?{PROJECT}"), Value::Null);
        assert_eq!(service.seen(), [(format!("{call}?{PROJECT}"), body), shown], "{words:?}");
    }
}

#[test]
fn what_cannot_be_meant_is_refused_and_sends_nothing() {
    let service = Service::start();
    for words in [
        &["provider", "add"][..],
        &["provider", "add", "mine", "--key-env", "K", "--key-stdin"],
        &["provider", "add", "mine", "--key-env", "K", "--login"],
        &["provider", "add", "mine", "--header", "no-value"],
        &["provider", "test"],
        &["route", "set"],
        &["route", "set", "mine/m"],
        &["route", "set", "--default", "ann", "mine/m"],
        &["route", "set", "--default", "--role", "qa", "mine/m"],
        &["route", "set", "--ticket", "many", "mine/m"],
        &["route", "remove"],
        &["budget", "set", "day"],
        &["budget", "reconcile"],
        &["cost", "--by", "planet"],
        &["gateway"],
        &["cassette", "replay"],
    ] {
        assert_eq!(service.legion(words), ExitCode::from(2), "{words:?}");
        assert_eq!(service.seen(), [], "{words:?}");
    }
}

#[test]
fn a_provider_that_does_not_answer_and_a_thing_that_is_not_there_have_exit_codes() {
    let service = Service::start();
    assert_eq!(service.legion(&["provider", "test", "wrong"]), ExitCode::from(1));
    assert_eq!(service.legion(&["provider", "test", "wrong", "--json"]), ExitCode::from(1));
    assert_eq!(service.legion(&["provider", "remove", "nobody"]), ExitCode::from(12));
}
