//! The engine: projects, and everything that faces ask for.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use legion_agents::Login;
use legion_model::{AgentId, Answer, Body, Bounds, Key, Order, Organisation, Party, ProjectId};
use legion_process::SocketDirectory;
use legion_runtime::{Clock, DataDir, ServiceKey, TaskKind, TaskScope};
use legion_store::{BlobStore, Log, Reserve};

use crate::audit::{Rations, TokenOf};
use crate::containment::{Containment, ContainmentConfig, keep_watch};
use crate::error::{EngineError, OpenError};
use crate::failpoints::Failpoints;
use crate::gateway::{Books, GatewayAddress, Metering, keep_settled};
use crate::orphans;
use crate::projects::Project;
use crate::tickets::Grounds;
use crate::upkeep;

/// How long after the start looks wait for the first look at processes.
const FIRST_LOOK_MS: u64 = 5_000;

/// What an engine is made of.
pub struct EngineConfig {
    pub data_dir: DataDir,
    pub log: Arc<dyn Log>,
    pub clock: Arc<dyn Clock>,
    pub bounds: Bounds,
    /// Bytes that one process may write.
    pub output_bytes_max: u64,
    /// The `legion` program: run as shim, and put on the agents' PATH.
    pub legion: PathBuf,
    /// Claude Code, when it is not `claude` on PATH.
    pub claude: Option<PathBuf>,
    pub login: Login,
    /// Variables that every agent program gets: PATH, LANG, TZ and the like.
    pub base_environment: BTreeMap<String, String>,
    /// Variables that gates and set-up commands get besides: where toolchains and their caches lie. No secret.
    pub gate_environment: BTreeMap<String, String>,
    /// The user's runtime directory (XDG_RUNTIME_DIR), for sockets.
    pub runtime_dir: Option<PathBuf>,
    /// Where agents reach the service.
    pub url: String,
    /// Where programs reach the gateway for model calls, as `http://127.0.0.1:18080`. `None`: there is none.
    pub gateway_url: Option<String>,
    pub failpoints: Option<String>,
    pub containment: ContainmentConfig,
}

pub(crate) struct Inner {
    pub(crate) data_dir: DataDir,
    pub(crate) log: Arc<dyn Log>,
    pub(crate) blobs: BlobStore,
    pub(crate) reserve: Arc<Reserve>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) bounds: Bounds,
    pub(crate) output_bytes_max: u64,
    pub(crate) legion: PathBuf,
    pub(crate) claude: Option<PathBuf>,
    pub(crate) login: Login,
    pub(crate) base_environment: BTreeMap<String, String>,
    pub(crate) gate_environment: BTreeMap<String, String>,
    pub(crate) url: String,
    pub(crate) key: ServiceKey,
    pub(crate) sockets: SocketDirectory,
    /// What holds the trees of processes.
    pub(crate) holding: legion_process::Holding,
    pub(crate) containment: Containment,
    pub(crate) tasks: TaskScope,
    pub(crate) failpoints: Failpoints,
    /// When the engine began, on the monotonic clock.
    opened_ms: u64,
    pub(crate) projects: RwLock<BTreeMap<ProjectId, Project>>,
    /// Where agents belong, as far as somebody asked. An agent never changes its project; the keepers know better.
    pub(crate) agents: RwLock<HashMap<AgentId, ProjectId>>,
    /// Serialises the opening of projects: one directory is one project.
    pub(crate) opening: tokio::sync::Mutex<()>,
    /// Keeps what is remembered of callers that belong to no project.
    pub(crate) auditor: tokio::sync::OnceCell<crate::keeper::Keeper>,
    /// What of the refusals of each caller is entered.
    pub(crate) rations: Rations,
    /// What is held for tickets.
    pub(crate) grounds: Grounds,
    /// What the gateway knows of the rest, and the books of what it spends.
    pub(crate) gateway: Metering,
}

/// A handle to the engine. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    pub(crate) inner: Arc<Inner>,
}

impl Engine {
    /// Reads the log, looks at the world, and goes on where it stopped.
    pub async fn open(config: EngineConfig) -> Result<Self, OpenError> {
        if legion_sandbox::is_root() {
            config.containment.check_user_ids().map_err(|(first, last)| OpenError::UserIds { first, last })?;
        }
        let key = ServiceKey::open(&config.data_dir.key_file())?;
        let blobs = BlobStore::open(config.data_dir.root()).map_err(|error| OpenError::Log(error.to_string()))?;
        let sockets = SocketDirectory::open(config.data_dir.root(), config.runtime_dir.as_deref())
            .map_err(|error| OpenError::Sockets(error.to_string()))?;
        let base_environment = with_legion(&config)?;
        let holding = legion_process::containment(sockets.name());
        let containment = Containment::open(
            config.containment,
            &config.data_dir,
            &config.legion,
            sockets.path(),
            sockets.name(),
            (&config.login, config.gateway_url.as_deref()),
        )?;
        let reserve = Arc::new(Reserve::of(config.data_dir.root()));
        let tasks = TaskScope::new();
        let books = Books::start(config.log.clone(), config.clock.clone(), &tasks).await;
        let books = books.map_err(|error| OpenError::Log(error.to_string()))?;
        let gateway = Metering::new(books, GatewayAddress { url: config.gateway_url });
        let engine = Self {
            inner: Arc::new(Inner {
                data_dir: config.data_dir,
                log: config.log,
                blobs,
                reserve,
                opened_ms: config.clock.mono_ms(),
                clock: config.clock,
                bounds: config.bounds,
                output_bytes_max: config.output_bytes_max,
                legion: config.legion,
                claude: config.claude,
                login: config.login,
                base_environment,
                gate_environment: config.gate_environment,
                url: config.url,
                holding,
                containment,
                key,
                sockets,
                tasks,
                failpoints: Failpoints::parse(config.failpoints.as_deref()),
                projects: RwLock::default(),
                agents: RwLock::default(),
                opening: tokio::sync::Mutex::new(()),
                auditor: tokio::sync::OnceCell::new(),
                rations: Rations::default(),
                grounds: Grounds::default(),
                gateway,
            }),
        };
        engine.inner.tasks.spawn(TaskKind::Upkeep, |cancel| upkeep::keep_reserve(engine.inner.reserve.clone(), cancel));
        engine.inner.tasks.spawn(TaskKind::Upkeep, |cancel| keep_watch(engine.inner.clone(), cancel));
        engine.forward_to_provider().map_err(|error| OpenError::Sockets(error.to_string()))?;
        let data_dir = engine.inner.data_dir.clone();
        // Before the keepers start any.
        let live = tokio::task::spawn_blocking(move || orphans::live_processes(&data_dir)).await;
        engine.load_projects().await?;
        engine.end_orphans(live.map_err(|error| OpenError::Log(error.to_string()))?).await?;
        engine.catch_up_spending().await.map_err(|error| OpenError::Log(error.to_string()))?;
        let inner = engine.inner.clone();
        engine.inner.tasks.spawn(TaskKind::Upkeep, |cancel| keep_settled(inner, cancel));
        Ok(engine)
    }

    /// The log, for streams of events.
    pub fn log(&self) -> Arc<dyn Log> {
        self.inner.log.clone()
    }

    /// The tasks of the service. Faces start theirs here.
    pub fn tasks(&self) -> TaskScope {
        self.inner.tasks.clone()
    }

    pub fn clock(&self) -> Arc<dyn Clock> {
        self.inner.clock.clone()
    }

    /// Limits of the service.
    pub fn bounds(&self) -> &Bounds {
        &self.inner.bounds
    }

    /// Gives an order in a project. The answer comes when what it means is durable.
    pub async fn command(
        &self,
        project: ProjectId,
        by: Party,
        key: Option<Key>,
        order: Order,
    ) -> Result<Answer, EngineError> {
        self.keeper(project)?.command(by, key, order).await
    }

    /// Gives an order, and looks at the state that it led to: one way to the keeper instead of two.
    pub(crate) async fn command_and_read<T, F>(
        &self,
        project: ProjectId,
        by: Party,
        key: Option<Key>,
        order: Order,
        look: F,
    ) -> Result<(Answer, T), EngineError>
    where
        T: Send + 'static,
        F: FnOnce(&Organisation) -> T + Send + 'static,
    {
        self.keeper(project)?.command_and_read(by, key, order, look).await
    }

    /// Looks at the state of a project as of the last commit.
    pub async fn read<T, F>(&self, project: ProjectId, look: F) -> Result<T, EngineError>
    where
        T: Send + 'static,
        F: FnOnce(&Organisation) -> T + Send + 'static,
    {
        self.keeper(project)?.read(look).await
    }

    /// Waits until every process that the log knew when the service started was looked at: until then one that died meanwhile seems to
    /// work. Waits for a few seconds after the start at most.
    pub async fn first_look(&self) {
        let looking = async {
            for keeper in self.keepers() {
                keeper.first_look().await;
            }
        };
        let since = self.inner.clock.mono_ms().saturating_sub(self.inner.opened_ms);
        let left = FIRST_LOOK_MS.saturating_sub(since);
        // A process that takes longer shows as it was.
        let _ = tokio::time::timeout(Duration::from_millis(left), looking).await;
    }

    /// Looks at the state after each commit until `look` finds something. `None` when `patience` is over.
    pub async fn until<T, F>(&self, project: ProjectId, patience: Duration, look: F) -> Result<Option<T>, EngineError>
    where
        T: Send + 'static,
        F: FnMut(&Organisation) -> Option<T> + Send + 'static,
    {
        self.keeper(project)?.until(patience, look).await
    }

    /// Who a token belongs to. The person's token is the server's to know.
    pub async fn agent_of_token(&self, token: &str) -> TokenOf {
        let Some(grant) = self.inner.key.check_agent_token(token) else { return TokenOf::Nobody };
        let agent = legion_model::AgentId(grant.agent);
        let Some(project) = self.project_of(agent).await else { return TokenOf::Nobody };
        // A process that was stopped, or that another one took the place of, opens nothing any more.
        let valid = self
            .read(project, move |state| {
                let agent = state.agents.get(&agent)?;
                let process = state.processes.get(&agent.process?)?;
                let fired = process.stopping == Some(legion_model::StopReason::Fired);
                (process.number == grant.process && !fired).then_some(())
            })
            .await;
        match valid.ok().flatten() {
            Some(()) => TokenOf::Agent(project, agent),
            None => TokenOf::Formerly(project, agent),
        }
    }

    /// A text as it goes into the log: a long one is put into a file first.
    pub async fn body(&self, text: String) -> Result<Body, EngineError> {
        crate::bodies::store(self.inner.clone(), text).await
    }

    /// The whole text of a body.
    pub async fn text(&self, body: &Body) -> Result<String, EngineError> {
        crate::bodies::fetch(self.inner.clone(), body.clone()).await
    }

    /// The directory that a process of an agent has its transcript in, for all of its processes so far, oldest first.
    pub(crate) fn process_dirs(&self, agent: legion_model::AgentId, processes: u32) -> Vec<PathBuf> {
        (1..=processes).map(|number| self.inner.data_dir.process(agent.0, number)).collect()
    }

    /// Ends the engine: all agents are interrupted and ended, or left running when `keep`. Waits at most `grace`.
    pub async fn shutdown(&self, keep: bool, grace: Duration) -> bool {
        if !keep {
            self.inner.grounds.end_gates();
            self.stop_all(grace).await;
        }
        // What cannot be settled counts as spent after the next start.
        let _ = self.settle_calls().await;
        self.enter_key_uses_left().await;
        self.enter_omissions_left().await;
        for keeper in self.keepers().iter().chain(self.inner.auditor.get()) {
            keeper.close().await;
        }
        self.close_books().await;
        let ended = self.inner.tasks.end(grace).await;
        self.inner.grounds.close();
        if let (false, legion_process::Holding::Cgroup(root)) = (keep, &self.inner.holding) {
            // One that is not empty stays: what is in it is still held.
            let _ = root.remove();
        }
        if !keep {
            self.inner.containment.resources.remove();
        }
        ended
    }

    async fn stop_all(&self, grace: Duration) {
        for (project, keeper) in self.keepers_by_project() {
            if let Err(error) = keeper.command(Party::Root, None, Order::StopAll).await {
                // Ended all the same on a full disk: the tasks that end them are waited for below.
                tracing::warn!(%project, %error, "the end of the project's agents is not recorded");
                continue;
            }
            let gone = |state: &Organisation| state.processes.is_empty().then_some(());
            if !matches!(self.until(project, grace, gone).await, Ok(Some(()))) {
                tracing::warn!(%project, "processes of agents are left");
            }
        }
    }

    /// Whether a directory lies inside another, both resolved.
    pub fn is_inside(path: &Path, directory: &Path) -> bool {
        path.starts_with(directory)
    }
}

/// Puts `legion` on the agents' PATH: a link in the data directory, which follows the program over upgrades.
fn with_legion(config: &EngineConfig) -> Result<BTreeMap<String, String>, OpenError> {
    let bin = config.data_dir.bin();
    let link = bin.join("legion");
    if std::fs::read_link(&link).ok().as_deref() != Some(config.legion.as_path()) {
        let fail = |source| legion_runtime::DataDirError::Write { path: link.clone(), source };
        let fresh = bin.join(format!(".legion.{}", std::process::id()));
        std::os::unix::fs::symlink(&config.legion, &fresh).map_err(fail)?;
        std::fs::rename(&fresh, &link).map_err(fail)?;
    }
    let mut base = config.base_environment.clone();
    let path = base.get("PATH").map_or("/usr/local/bin:/usr/bin:/bin", String::as_str);
    base.insert("PATH".to_owned(), format!("{}:{path}", bin.display()));
    Ok(base)
}
