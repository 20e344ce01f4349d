//! What the engine holds about containment.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use legion_agents::Login;
use legion_model::Tier;
use legion_process::{ProcessState, process_state};
use legion_runtime::DataDir;
use legion_sandbox::{Resources, SelfTest, Tools};

use super::admission::Places;
use super::config::ContainmentConfig;
use super::placeholders::Placeholders;
use super::provider::{Provider, Target};
use super::tiers::Tiers;
use super::trust::TrustFile;
use super::watch::Watch;

/// The name of the service's socket for agents, in the directory that they are given.
const SERVICE_SOCKET: &str = "api";
/// The name of the socket that leads to the provider, in a directory of its own.
const PROVIDER_SOCKET: &str = "model";
/// The name of the socket that leads to the gateway.
const GATEWAY_SOCKET: &str = "gateway";

/// Returns the strongest tier that works on this machine; `none` when no other does.
pub async fn strongest_tier(config: &ContainmentConfig, data_dir: &DataDir, helper: &Path) -> Tier {
    tiers(config, data_dir, helper).strongest().await
}

/// Returns the test by which tiers are tried on this machine.
pub fn self_test(config: &ContainmentConfig, helper: &Path) -> SelfTest {
    let account = if legion_sandbox::is_root() { config.account(0) } else { None };
    SelfTest { tools: Tools::find(helper.to_owned()), account, scratch: config.scratch.clone() }
}

fn tiers(config: &ContainmentConfig, data_dir: &DataDir, helper: &Path) -> Tiers {
    Tiers::new(self_test(config, helper), data_dir.root().join("self-test.json"))
}

/// Whether the process whose directory this is has not ended.
fn lives(directory: &Path) -> bool {
    matches!(process_state(directory), Ok(ProcessState::Held))
}

/// What the engine holds about containment.
pub(crate) struct Containment {
    pub(super) config: ContainmentConfig,
    pub(super) tools: Tools,
    pub(super) tiers: Tiers,
    pub(super) is_root: bool,
    /// The directory of sockets that agents are given. Those of shims lie elsewhere.
    pub(super) sockets: PathBuf,
    /// The directory of the socket that leads to the provider: only for agents whose way to a model it is.
    pub(super) provider_sockets: PathBuf,
    pub(super) provider: Provider,
    /// Where the gateway is, when there is one.
    pub(super) gateway: Option<Target>,
    /// The port of this machine that leads to the provider, once an agent needed it.
    pub(super) provider_port: Mutex<Option<u16>>,
    pub(super) trust: TrustFile,
    pub(crate) placeholders: Placeholders,
    pub(crate) resources: Resources,
    pub(crate) places: Places,
    pub(crate) watch: Watch,
    /// Directories in which an agent's user was seen to be able to write.
    pub(super) writable: Mutex<BTreeSet<PathBuf>>,
}

impl Containment {
    /// Finds out what this machine has; makes the directory of sockets.
    pub(crate) fn open(
        config: ContainmentConfig,
        data_dir: &DataDir,
        helper: &Path,
        sockets: &Path,
        name: &str,
        (login, gateway_url): (&Login, Option<&str>),
    ) -> Result<Self, legion_runtime::DataDirError> {
        let tools = Tools::find(helper.to_owned());
        let (sockets, provider_sockets) = (sockets.join("a"), sockets.join("m"));
        data_dir.create(&sockets)?;
        data_dir.create(&provider_sockets)?;
        let resources = legion_sandbox::detect(name);
        tracing::info!(means = %resources, "what holds the resources of agents");
        Ok(Self {
            tiers: tiers(&config, data_dir, helper),
            provider: Provider::of(login),
            gateway: gateway_url.and_then(Target::of),
            provider_port: Mutex::default(),
            trust: TrustFile::at(data_dir.root().join("trusted.json")),
            placeholders: Placeholders::open(data_dir, lives)?,
            places: Places::new(config.memory_reserve_bytes),
            watch: Watch::default(),
            writable: Mutex::default(),
            config,
            tools,
            is_root: legion_sandbox::is_root(),
            sockets,
            provider_sockets,
            resources,
        })
    }

    /// Where the service listens for agents that have no network.
    pub(crate) fn service_socket(&self) -> PathBuf {
        self.sockets.join(SERVICE_SOCKET)
    }

    pub(super) fn gateway_socket(&self) -> PathBuf {
        self.sockets.join(GATEWAY_SOCKET)
    }

    pub(super) fn provider_socket(&self) -> PathBuf {
        self.provider_sockets.join(PROVIDER_SOCKET)
    }

    pub(super) fn is_known_writable(&self, directory: &Path) -> bool {
        self.writable.lock().unwrap_or_else(PoisonError::into_inner).contains(directory)
    }

    pub(super) fn remember_writable(&self, directory: PathBuf) {
        self.writable.lock().unwrap_or_else(PoisonError::into_inner).insert(directory);
    }
}
