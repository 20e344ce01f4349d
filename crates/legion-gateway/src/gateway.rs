//! The gateway as the rest of the system holds it.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use legion_runtime::{Clock, Environment, Share, Shares, TaskKind, TaskScope};

use crate::budget::Ledger;
use crate::cassette::Cassettes;
use crate::core::{Core, UPKEEP_EVERY};
use crate::directory::Directory;
use crate::face;
use crate::governor::{Governor, LaneView};
use crate::lane::{Flights, Upstreams};
use crate::learned::Learned;
use crate::prices::{KnownPrices, NewPrices, Prices, PricesError, PricesUpdated};
use crate::secrets::{Redactor, SecretStore, SecretsError};
use crate::upstream::Clients;

/// How long allowances of calls that are being cut are waited for at the end.
const CLOSE_PATIENCE: Duration = Duration::from_secs(2);

/// What a gateway is built from.
pub struct Options {
    pub clock: Arc<dyn Clock>,
    /// Its upkeep runs in it.
    pub tasks: TaskScope,
    /// The gateway's own directory; made when it is missing (0700). Holds keys and cassettes.
    pub data_dir: PathBuf,
    /// For keys that lie in variables.
    pub environment: Arc<Environment>,
    /// What each agent may have.
    pub share: Share,
}

#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    #[error("failed to create the gateway's directory `{}`", path.display())]
    Directory { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Secrets(#[from] SecretsError),
}

/// The gateway. Cheap to clone.
#[derive(Clone)]
pub struct Gateway {
    core: Arc<Core>,
}

impl Gateway {
    /// Reads the keys and starts the upkeep.
    pub fn new(directory: Arc<dyn Directory>, options: Options) -> Result<Self, GatewayError> {
        let Options { clock, tasks, data_dir, environment, share } = options;
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&data_dir);
        made.map_err(|source| GatewayError::Directory { path: data_dir.clone(), source })?;
        let redactor = Redactor::default();
        let settings = directory.settings();
        let core = Arc::new(Core {
            clients: Clients::default(),
            governor: Arc::new(Governor::new(directory.clone(), clock.clone(), &settings.lanes)),
            ledger: Arc::new(Ledger::new(directory.clone(), clock.clone())),
            prices: Prices::open(&data_dir),
            learned: Learned::default(),
            secrets: SecretStore::open(
                &data_dir.join("keys.json"),
                environment,
                redactor.clone(),
                &settings.providers,
            )?,
            cassettes: Cassettes::new(data_dir.join("cassettes"), clock.clone(), redactor.clone(), &tasks),
            redactor,
            flights: Flights::default(),
            upstreams: Upstreams::default(),
            asking: AtomicUsize::new(0),
            shares: Shares::new(share),
            directory,
            clock,
        });
        let kept = Arc::downgrade(&core);
        tasks.spawn(TaskKind::Upkeep, move |cancel| async move {
            loop {
                tokio::select! {
                    biased; // the end before one more round
                    () = cancel.cancelled() => {
                        // The directory waits for it: what is not given back counts as spent after the next start.
                        if let Some(core) = kept.upgrade() {
                            let _ = tokio::time::timeout(CLOSE_PATIENCE, core.ledger.close()).await;
                        }
                        return;
                    }
                    () = tokio::time::sleep(UPKEEP_EVERY) => {}
                }
                let Some(core) = kept.upgrade() else { return };
                core.upkeep().await;
            }
        });
        Ok(Self { core })
    }

    /// The routes, to be mounted at the root: all paths begin with `/gateway`. They ask the directory who calls; whoever mounts them
    /// checks the `host` header.
    pub fn router(&self) -> axum::Router {
        face::router(self.core.clone())
    }

    /// The keys of providers. After a change [`Gateway::reopen`] the provider's lanes.
    pub fn secrets(&self) -> &SecretStore {
        &self.core.secrets
    }

    pub fn cassettes(&self) -> &Cassettes {
        &self.core.cassettes
    }

    /// What is known of prices now. The person's own file is looked at before.
    pub fn prices(&self) -> Arc<KnownPrices> {
        self.core.prices.look();
        self.core.prices.known()
    }

    /// Takes a new table of prices. Where it fails, the old one stays.
    pub async fn update_prices(&self, from: NewPrices) -> Result<PricesUpdated, PricesError> {
        self.core.prices.update(from, self.core.clock.now()).await
    }

    /// Takes secrets out of text, for every place that it is written to.
    pub fn redactor(&self) -> &Redactor {
        &self.core.redactor
    }

    /// Lanes that failed or are closed.
    pub fn lanes(&self) -> Vec<LaneView> {
        self.core.governor.view()
    }

    /// Opens the lanes of a provider that was set up anew.
    pub fn reopen(&self, provider: &str) {
        self.core.governor.reopen(provider);
    }

    /// The models that the settings name, with what they cost.
    pub fn models(&self) -> Vec<face::ModelView> {
        face::all_models(&self.core)
    }

    /// Answers that run.
    pub fn running(&self) -> usize {
        self.core.flights.count()
    }

    /// Asks a provider for its models: whether its address, its key and its certificate are right.
    pub async fn test(&self, provider: &crate::Provider) -> Result<face::Tested, String> {
        face::test(&self.core, provider).await
    }
}
