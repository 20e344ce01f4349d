//! What the faces are made of.

use std::path::PathBuf;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use legion_api::ServiceInfo;
use legion_engine::Engine;
use legion_gateway::Gateway;
use legion_model::AgentId;
use legion_runtime::{Share, Shares};
use tokio::sync::mpsc;

use crate::hosts::Hosts;
use crate::remembered::Remembered;

/// Writes a copy of the log to a path that does not exist yet, and returns its bytes and the number of its last event.
pub type Backup = Arc<dyn Fn(PathBuf) -> BoxFuture<'static, Result<(u64, u64), String>> + Send + Sync>;

/// What the composition root gives the faces.
pub struct Server {
    pub(crate) engine: Engine,
    pub(crate) person_token: String,
    pub(crate) info: ServiceInfo,
    pub(crate) down: mpsc::Sender<bool>,
    pub(crate) backup: Backup,
    pub(crate) names: Vec<String>,
    pub(crate) gateway: Option<Gateway>,
    pub(crate) share: Share,
}

impl Server {
    /// The person's token opens everything. `down` asks the composition root to end the service; true leaves the agents running.
    pub fn new(
        engine: Engine,
        person_token: String,
        info: ServiceInfo,
        down: mpsc::Sender<bool>,
        backup: Backup,
    ) -> Self {
        Self { engine, person_token, info, down, backup, names: Vec::new(), gateway: None, share: Share::default() }
    }

    /// The gateway whose providers, models and cassettes are asked for.
    #[must_use]
    pub fn with_gateway(mut self, gateway: Gateway) -> Self {
        self.gateway = Some(gateway);
        self
    }

    /// What each agent may have.
    #[must_use]
    pub fn limited(mut self, share: Share) -> Self {
        self.share = share;
        self
    }

    /// Adds names by which other machines know this one, such as `box.lan` or `box.lan:7000`. Without them, only the addresses that
    /// are listened on are accepted as `Host`.
    #[must_use]
    pub fn named(mut self, names: impl IntoIterator<Item = String>) -> Self {
        self.names.extend(names);
        self
    }
}

/// Shared by all handlers.
pub(crate) struct Context {
    pub(crate) engine: Engine,
    pub(crate) person_token: String,
    pub(crate) hosts: Hosts,
    pub(crate) info: ServiceInfo,
    pub(crate) gateway: Option<Gateway>,
    pub(crate) down: mpsc::Sender<bool>,
    pub(crate) backup: Backup,
    /// Backups of late: they are no events, so the log cannot remember them.
    pub(crate) backups: Remembered,
    /// Changes of late of what is set up for all projects.
    pub(crate) set_up: Remembered,
    pub(crate) openapi: String,
    pub(crate) shares: Arc<Shares<AgentId>>,
}

pub(crate) type Shared = Arc<Context>;

impl Context {
    pub(crate) fn new(server: Server, hosts: Hosts) -> Self {
        let Server { engine, person_token, info, down, backup, names: _, gateway, share } = server;
        let openapi = crate::openapi::openapi();
        Self {
            engine,
            person_token,
            hosts,
            info,
            gateway,
            down,
            backup,
            backups: Remembered::default(),
            set_up: Remembered::default(),
            openapi,
            shares: Shares::new(share),
        }
    }
}
