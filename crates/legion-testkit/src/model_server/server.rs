//! The running server and what tests ask it.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::serve::ListenerExt;
use serde_json::Value;
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{oneshot, watch};
use tokio_util::sync::CancellationToken;

use super::answer::StepKey;
use super::gates::Gates;
use super::request::{ModelRequest, Received};
use super::routes::router;
use super::rule::Rule;
use super::script::Step;

/// How many requests are remembered; the oldest are forgotten first.
pub const REQUESTS_KEPT_MAX: usize = 10_000;
/// How many bytes of bodies are remembered; the oldest requests are forgotten first.
pub const REQUEST_BYTES_KEPT_MAX: usize = 512 * 1024 * 1024;
/// How many characters of a text a failed wait shows.
const DUMP_CHARACTERS_MAX: usize = 300;
/// How many requests a failed wait shows, newest last.
const DUMP_REQUESTS_MAX: usize = 20;

/// The scripted model server. It runs on a thread of its own, so that a test that blocks does not stop it, and
/// ends when dropped.
#[derive(Debug)]
pub struct ModelServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: CancellationToken,
    _stop: tokio_util::sync::DropGuard,
}

/// A step of a session's or a subagent's conversation.
type FaultKey = (Option<String>, Option<String>, StepKey);

/// What the routes share.
#[derive(Debug)]
pub(super) struct Shared {
    pub gates: Arc<Gates>,
    pub rule: Rule,
    requests: Mutex<Kept>,
    /// How many requests have come. Changes after `requests`, and wakes those who wait.
    arrived: watch::Sender<u64>,
    faults: Mutex<HashMap<FaultKey, u32>>,
}

/// The newest requests, oldest first.
#[derive(Debug, Default)]
struct Kept {
    requests: VecDeque<Arc<ModelRequest>>,
    /// The sizes of their bodies.
    bytes: usize,
}

impl ModelServer {
    /// Starts on a free port of the loopback.
    ///
    /// # Panics
    /// When no port can be had: no test can go on then.
    pub async fn start() -> Self {
        Self::start_on(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("the loopback has a free port")
    }

    /// Starts on `address`.
    pub async fn start_on(address: SocketAddr) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            gates: Arc::new(Gates::new()),
            rule: Rule::default(),
            requests: Mutex::default(),
            arrived: watch::Sender::new(0),
            faults: Mutex::default(),
        });
        let stop = CancellationToken::new();
        let (bound, is_bound) = oneshot::channel();
        std::thread::Builder::new().name("model-server".to_owned()).spawn({
            let (shared, stop) = (Arc::clone(&shared), stop.clone());
            move || run(address, shared, &stop, bound)
        })?;
        let address = is_bound.await.map_err(io::Error::other)??;
        Ok(Self { address, shared, stop: stop.clone(), _stop: stop.drop_guard() })
    }

    /// Listens on a unix socket too, which is made at `path`.
    ///
    /// # Errors
    /// When the socket cannot be made.
    pub fn listen_at(&self, path: &Path) -> io::Result<()> {
        let listener = std::os::unix::net::UnixListener::bind(path)?;
        listener.set_nonblocking(true)?;
        let (shared, stop) = (Arc::clone(&self.shared), self.stop.clone());
        let serve = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let listener = UnixListener::from_std(listener)?;
                let served = std::future::IntoFuture::into_future(axum::serve(listener, router(shared)));
                tokio::select! {
                    biased;
                    () = stop.cancelled() => Ok(()),
                    served = served => served,
                }
            })
        };
        std::thread::Builder::new().name("model-server-socket".to_owned()).spawn(serve).map(drop)
    }

    /// Returns the base URL for agent programs that speak to Anthropic, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the base URL for agent programs that speak to OpenAI, without a slash at the end.
    pub fn openai_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Answers by a rule from now on: what it has a step for is answered with that step, everything else as before.
    ///
    /// # Panics
    /// When there is a rule already.
    pub fn answer_by(&self, rule: impl Fn(&ModelRequest) -> Option<Step> + Send + Sync + 'static) {
        assert!(self.shared.rule.set(Box::new(rule)), "the server has a rule already");
    }

    /// Opens the gate `name` for the steps that wait for it, now and later.
    pub fn open(&self, name: &str) {
        self.shared.gates.open(name);
    }

    /// Returns all requests for an answer, in the order of their arrival.
    pub fn requests(&self) -> Vec<Arc<ModelRequest>> {
        lock(&self.shared.requests).requests.iter().cloned().collect()
    }

    /// Returns the requests of a session's own conversation: no side requests, no subagents.
    pub fn conversation(&self, session: &str) -> Vec<Arc<ModelRequest>> {
        let mut requests = self.requests();
        requests.retain(|request| {
            request.session.as_deref() == Some(session) && request.subagent.is_none() && !request.tools.is_empty()
        });
        requests
    }

    /// Returns the user's texts in the newest request of a session's conversation.
    pub fn user_texts(&self, session: &str) -> Vec<String> {
        self.conversation(session)
            .last()
            .map_or_else(Vec::new, |request| request.user_texts().into_iter().map(str::to_owned).collect())
    }

    /// Tells whether any request of the session's conversation held `needle`.
    pub fn saw(&self, session: &str, needle: &str) -> bool {
        self.conversation(session).iter().any(|request| request.holds(needle))
    }

    /// Waits until `check` finds what it looks for in the requests, and returns it.
    ///
    /// # Panics
    /// When it has not within `deadline`; the message lists the newest requests.
    pub async fn until<T>(
        &self,
        deadline: Duration,
        what: &str,
        mut check: impl FnMut(&[Arc<ModelRequest>]) -> Option<T>,
    ) -> T {
        let mut arrived = self.shared.arrived.subscribe();
        let found = async {
            loop {
                arrived.borrow_and_update();
                if let Some(found) = check(&self.requests()) {
                    return found;
                }
                if arrived.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        };
        match tokio::time::timeout(deadline, found).await {
            Ok(found) => found,
            Err(_) => panic!("waited {deadline:?} for: {what}\n{}", self.dump()),
        }
    }

    /// Returns the newest requests in short, for a message of failure.
    pub fn dump(&self) -> String {
        let requests = self.requests();
        let skipped = requests.len().saturating_sub(DUMP_REQUESTS_MAX);
        let mut dump = format!("{} requests\n", requests.len());
        for request in &requests[skipped..] {
            let last = request.messages.last().map_or_else(String::new, Value::to_string);
            let last: String = last.chars().take(DUMP_CHARACTERS_MAX).collect();
            dump.push_str(&format!(
                "#{} session {} model {} with {} messages and {} tools, last: {last}\n",
                request.sequence,
                request.session.as_deref().unwrap_or("-"),
                request.model,
                request.messages.len(),
                request.tools.len(),
            ));
        }
        dump
    }
}

impl Shared {
    pub fn record(&self, received: Received<'_>) -> Arc<ModelRequest> {
        let mut kept = lock(&self.requests);
        let sequence = *self.arrived.borrow();
        let request = Arc::new(ModelRequest::new(sequence, received));
        kept.bytes += request.raw.len();
        kept.requests.push_back(Arc::clone(&request));
        while kept.requests.len() > REQUESTS_KEPT_MAX || kept.bytes > REQUEST_BYTES_KEPT_MAX {
            let Some(oldest) = kept.requests.pop_front() else { break };
            kept.bytes -= oldest.raw.len();
        }
        self.arrived.send_modify(|arrived| *arrived += 1);
        request
    }

    /// Counts a request for a step that fails some times; returns how many came before.
    pub fn count(&self, request: &ModelRequest, step: StepKey) -> u32 {
        let mut faults = lock(&self.faults);
        let count = faults.entry((request.session.clone(), request.subagent.clone(), step)).or_insert(0);
        *count += 1;
        *count - 1
    }
}

fn run(
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: &CancellationToken,
    bound: oneshot::Sender<io::Result<SocketAddr>>,
) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let _ = bound.send(Err(error));
            return;
        }
    };
    runtime.block_on(async {
        let listener = match TcpListener::bind(address).await {
            Ok(listener) => listener,
            Err(error) => {
                let _ = bound.send(Err(error));
                return;
            }
        };
        let _ = bound.send(listener.local_addr());
        let listener = listener.tap_io(|connection| {
            // Events are small: without this each waits for the answer to the one before.
            let _ = connection.set_nodelay(true);
        });
        let served = std::future::IntoFuture::into_future(axum::serve(listener, router(shared)));
        tokio::select! {
            biased;
            () = stop.cancelled() => {}
            _ = served => {}
        }
    });
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
