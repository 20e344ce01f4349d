//! An engine, its router, and calls into it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Method, Request};
use http_body_util::BodyExt;
use jiff::{SignedDuration, Timestamp};
use legion_agents::Login;
use legion_api::{ServiceInfo, paths};
use legion_engine::{ContainmentConfig, Engine, EngineConfig, GatewayDirectory};
use legion_gateway::{Gateway, Options};
use legion_model::{AgentId, AuditEntry, Bounds, Organisation, ProcessPhase, ProjectId};
use legion_runtime::{AgentGrant, Clock, DataDir, Environment, ServiceKey, Share, SystemClock, new_id};
use legion_server::{Backup, Hosts, Server, router};
use legion_store::{Log, MemoryLog, Record};
use legion_testkit::TestDir;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tower::ServiceExt;

pub const PATIENCE: Duration = Duration::from_secs(20);
pub const HOST: &str = "127.0.0.1:6666";
/// What the gateway is reached as. Nobody listens there: its router is called.
pub const GATEWAY: &str = "http://127.0.0.1:18080";
pub const PERSON: &str = "lgn_root_0123456789abcdef0123456789abcdef";
/// Works until it is ended.
pub const SLEEPER: &str = "sleep 1000";

/// The system's clock, moved forward at will.
#[derive(Default)]
pub struct TestClock {
    system: SystemClock,
    ahead_s: AtomicI64,
    /// Not 0: it stands still.
    stopped_mono_ms: AtomicU64,
}

impl TestClock {
    pub fn advance(&self, seconds: i64) {
        self.ahead_s.fetch_add(seconds, Ordering::SeqCst);
    }

    /// Stops the clock that measures how long something takes; from now on it is only moved.
    pub fn stop_mono(&self) {
        self.stopped_mono_ms.store(self.mono_ms().max(1), Ordering::SeqCst);
    }

    /// Lets it go on by itself.
    pub fn start_mono(&self) {
        self.stopped_mono_ms.store(0, Ordering::SeqCst);
    }

    pub fn advance_mono(&self, milliseconds: u64) {
        self.stopped_mono_ms.fetch_add(milliseconds, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        self.system.now() + SignedDuration::from_secs(self.ahead_s.load(Ordering::SeqCst))
    }
    fn mono_ms(&self) -> u64 {
        match self.stopped_mono_ms.load(Ordering::SeqCst) {
            0 => self.system.mono_ms(),
            stopped => stopped,
        }
    }
}

pub struct Bench {
    pub engine: Engine,
    pub log: MemoryLog,
    pub clock: Arc<TestClock>,
    pub router: Router,
    pub down: mpsc::Receiver<bool>,
    pub directory: TestDir,
    key: ServiceKey,
    gateway: Option<Gateway>,
}

pub async fn bench() -> Bench {
    bench_with(bounds()).await
}

/// With a gateway that finds these variables in the service's environment.
pub async fn gateway_bench(variables: &[(&str, &str)]) -> Bench {
    let mut bench = open(bounds(), held_by_nobody(), Some(GATEWAY.to_owned())).await;
    let directory = GatewayDirectory::new(bench.engine.clone(), PERSON.to_owned());
    let options = Options {
        clock: bench.clock.clone(),
        tasks: bench.engine.tasks(),
        data_dir: bench.directory.path().join("data/gateway"),
        environment: Arc::new(Environment::from_pairs(variables.iter().copied())),
        share: Share::default(),
    };
    bench.gateway = Some(Gateway::new(Arc::new(directory), options).expect("a gateway"));
    bench.limit(Share::default());
    bench
}

fn bounds() -> Bounds {
    Bounds { stop_grace_ms: 500, tier: legion_model::Tier::None, ..Bounds::default() }
}

pub async fn bench_with(bounds: Bounds) -> Bench {
    open(bounds, held_by_nobody(), None).await
}

/// Most tests are about what agents do, and their shim holds nobody.
fn held_by_nobody() -> ContainmentConfig {
    ContainmentConfig { user_ids: None, ..ContainmentConfig::default() }
}

pub async fn bench_contained(bounds: Bounds, containment: ContainmentConfig) -> Bench {
    open(bounds, containment, None).await
}

async fn open(bounds: Bounds, containment: ContainmentConfig, gateway_url: Option<String>) -> Bench {
    let directory = TestDir::new();
    for name in ["run", "work", "other"] {
        std::fs::create_dir(directory.path().join(name)).expect("made");
    }
    let log = MemoryLog::new();
    let clock = Arc::new(TestClock::default());
    let data_dir = DataDir::open(&directory.path().join("data")).expect("a data directory");
    let key = ServiceKey::open(&data_dir.key_file()).expect("a key");
    let engine = Engine::open(EngineConfig {
        data_dir,
        log: Arc::new(log.clone()),
        clock: clock.clone(),
        bounds,
        output_bytes_max: 8 * 1024 * 1024,
        legion: shim(),
        claude: None,
        login: Login::Env(BTreeMap::new()),
        base_environment: BTreeMap::from([("PATH".to_owned(), "/usr/bin:/bin".to_owned())]),
        gate_environment: BTreeMap::new(),
        runtime_dir: Some(directory.path().join("run")),
        url: format!("http://{HOST}"),
        gateway_url,
        failpoints: None,
        containment,
    })
    .await
    .expect("the engine opens");
    let (server, down) = server(&engine);
    let hosts = Hosts::new(&[HOST.parse().expect("an address")], &[]);
    Bench { engine, log, clock, router: router(server, hosts), down, directory, key, gateway: None }
}

/// The faces of an engine, with a backup that writes a file, refuses to, or panics, by its name.
pub fn server(engine: &Engine) -> (Server, mpsc::Receiver<bool>) {
    let (down, asked) = mpsc::channel(1);
    let backup: Backup = Arc::new(|path: PathBuf| {
        Box::pin(async move {
            match path.file_name().and_then(|name| name.to_str()) {
                Some("panics") => panic!("a backup that panics, on purpose"),
                Some("fails") => Err("the disk is on fire".to_owned()),
                _ => std::fs::write(&path, "copy").map(|()| (4, 7)).map_err(|error| error.to_string()),
            }
        })
    });
    let info = ServiceInfo {
        pid: 1,
        url: format!("http://{HOST}"),
        version: "0".to_owned(),
        started_at: Timestamp::UNIX_EPOCH,
        data_dir: "/data".to_owned(),
    };
    (Server::new(engine.clone(), PERSON.to_owned(), info, down, backup), asked)
}

fn shim() -> PathBuf {
    let test = std::env::current_exe().expect("the test knows itself");
    test.parent().and_then(Path::parent).expect("in target").join("examples/server-shim")
}

impl Bench {
    pub fn dir(&self, name: &str) -> String {
        self.directory.path().join(name).to_str().expect("UTF-8").to_owned()
    }

    /// Lets every agent have as much as this, from now on.
    pub fn limit(&mut self, share: Share) {
        let (mut server, down) = server(&self.engine);
        if let Some(gateway) = &self.gateway {
            server = server.with_gateway(gateway.clone());
        }
        let hosts = Hosts::new(&[HOST.parse().expect("an address")], &[]);
        (self.router, self.down) = (router(server.limited(share), hosts), down);
    }

    /// A model call through the gateway with this token.
    pub fn call(&self, path: &str, body: &Value) -> Ask {
        let gateway = self.gateway.as_ref().expect("there is one").router();
        Ask::new(gateway, Method::POST, path.to_owned()).json(body)
    }

    pub fn ask(&self, method: Method, path: impl Into<String>) -> Ask {
        Ask::new(self.router.clone(), method, path.into())
    }

    pub fn get(&self, path: impl Into<String>) -> Ask {
        self.ask(Method::GET, path)
    }

    pub fn post(&self, path: impl Into<String>, body: &Value) -> Ask {
        self.ask(Method::POST, path).json(body)
    }

    /// A hire by the person into `work`, of an agent that runs `command`.
    pub fn hire(&self, name: &str, command: &str) -> Ask {
        self.post(paths::AGENTS, &self.hiring(name, command))
    }

    pub fn hiring(&self, name: &str, command: &str) -> Value {
        json!({ "task": "do it", "name": name, "driver": "command", "command": command, "cwd": self.dir("work") })
    }

    /// Hires an agent that works until it is ended, and waits until it does.
    pub async fn worker(&self, name: &str, parent: Option<&str>) -> Worker {
        let mut hire = self.hiring(name, SLEEPER);
        if let Some(parent) = parent {
            hire["parent"] = json!(parent);
        }
        let hired = self.post(paths::AGENTS, &hire).expect(201).await;
        self.at_work(hired["id"].as_str().expect("an id")).await
    }

    /// Waits until an agent is at work.
    pub async fn at_work(&self, id: &str) -> Worker {
        let id = id.to_owned();
        let agent: AgentId = id.parse().expect("a UUID");
        let project = self.engine.project_of(agent).await.expect("it is there");
        let live = move |state: &Organisation| {
            let agent = state.agents.get(&agent)?;
            let process = state.processes.get(&agent.process?)?;
            // Its task was taken up, too: from here on it does nothing by itself, and the log stands still.
            let busy = agent.run.as_ref()?.unseen.is_empty();
            (busy && matches!(process.phase, ProcessPhase::Live { .. })).then_some(process.number)
        };
        let process = self.engine.until(project, PATIENCE, live).await.expect("the engine lives").expect("it starts");
        let token = self.key.agent_token(AgentGrant { agent: agent.0, process });
        Worker { id, project, token }
    }

    /// Hires an agent whose run ends, and waits for its end.
    pub async fn done(&self, name: &str, command: &str) -> String {
        let hired = self.hire(name, command).expect(201).await;
        let id = hired["id"].as_str().expect("an id").to_owned();
        self.get(format!("/v1/org/agents/{id}/wait")).expect(200).await;
        id
    }

    /// Number of the last event that something happened by: that somebody was refused changes nothing.
    pub async fn position(&self) -> u64 {
        let events = self.log.read_all(0, usize::MAX).await.expect("the log is open");
        let of_audit =
            |record: &Record| AuditEntry::KINDS.contains(&record.kind.as_str()) || record.stream.as_str() == "audit";
        events.iter().rev().find(|record| !of_audit(record)).map_or(0, |record| record.position)
    }

    /// Fires everyone, and ends the engine.
    pub async fn end(self) {
        let top = self.get(format!("{}?parent=root&limit=500", paths::AGENTS)).expect(200).await;
        for agent in top["agents"].as_array().expect("a list") {
            let id = agent["id"].as_str().expect("an id");
            self.ask(Method::DELETE, format!("/v1/org/agents/{id}")).expect(200).await;
        }
        assert!(self.engine.shutdown(false, PATIENCE).await, "everything ends");
    }
}

/// An agent at work.
pub struct Worker {
    pub id: String,
    pub project: ProjectId,
    pub token: String,
}

/// One request, as the person unless something else is said.
pub struct Ask {
    router: Router,
    request: Request<Body>,
}

impl Ask {
    fn new(router: Router, method: Method, path: String) -> Self {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", HOST)
            .header("authorization", format!("Bearer {PERSON}"))
            .body(Body::empty())
            .expect("a request");
        Self { router, request }
    }

    pub fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }

    pub fn body(mut self, kind: &str, body: impl Into<Body>) -> Self {
        *self.request.body_mut() = body.into();
        self.header("content-type", kind)
    }

    /// Sets a header, in the place of an earlier one.
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.request.headers_mut().insert(name, value.parse().expect("a value"));
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.request.headers_mut().remove(name);
        self
    }

    pub fn token(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub fn by(self, worker: &Worker) -> Self {
        self.token(&worker.token)
    }

    pub fn key(self, key: &str) -> Self {
        self.header("idempotency-key", key)
    }

    /// Sends it, and gives back the answer before its body was read.
    pub async fn open(self) -> http::Response<Body> {
        self.router.oneshot(self.request).await.expect("a router does not fail")
    }

    pub async fn send(self) -> Reply {
        let (head, body) = self.open().await.into_parts();
        let body = body.collect().await.expect("a body").to_bytes();
        Reply { status: head.status.as_u16(), headers: head.headers, body: body.to_vec() }
    }

    /// Sends it, and gives back the JSON of an answer with this status.
    pub async fn expect(self, status: u16) -> Value {
        let what = format!("{} {}", self.request.method(), self.request.uri());
        let reply = self.send().await;
        assert_eq!(reply.status, status, "{what}: {}", reply.text());
        reply.json()
    }

    /// Sends it, and checks that the answer is a problem with this code.
    pub async fn refused(self, code: &str) -> Value {
        let what = format!("{} {}", self.request.method(), self.request.uri());
        let reply = self.send().await;
        reply.assert_problem(code, &what);
        reply.json()
    }
}

#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        if self.body.is_empty() { Value::Null } else { serde_json::from_slice(&self.body).expect("JSON") }
    }

    pub fn assert_problem(&self, code: &str, what: &str) {
        let kind = self.headers.get("content-type").and_then(|kind| kind.to_str().ok());
        assert_eq!(kind, Some("application/problem+json"), "{what}: {} {}", self.status, self.text());
        let problem: legion_api::Problem = serde_json::from_slice(&self.body).expect("a problem");
        assert_eq!(problem.code.as_str(), code, "{what}: {}", self.text());
        assert_eq!((problem.status, self.status), (problem.code.status(), problem.code.status()), "{what}");
        assert!(!problem.detail.is_empty() && problem.title == problem.code.title(), "{what}: {}", self.text());
    }
}

/// An id that nothing has.
pub fn nobody() -> String {
    new_id().to_string()
}
