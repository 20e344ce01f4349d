//! What all calls share.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use legion_runtime::{Clock, Shares};

use crate::budget::Ledger;
use crate::cassette::Cassettes;
use crate::directory::Directory;
use crate::governor::Governor;
use crate::lane::{Flights, Upstreams};
use crate::learned::Learned;
use crate::prices::Prices;
use crate::secrets::{Redactor, SecretStore};
use crate::upstream::Clients;

/// How often idle things are looked at.
pub(crate) const UPKEEP_EVERY: Duration = Duration::from_secs(1);

pub(crate) struct Core {
    pub directory: Arc<dyn Directory>,
    pub clock: Arc<dyn Clock>,
    pub clients: Clients,
    pub governor: Arc<Governor>,
    pub ledger: Arc<Ledger>,
    pub prices: Prices,
    pub learned: Learned,
    pub secrets: SecretStore,
    pub redactor: Redactor,
    pub cassettes: Cassettes,
    pub flights: Flights,
    pub upstreams: Upstreams,
    /// Calls that are being answered and have not begun their answer.
    pub asking: AtomicUsize,
    /// What each agent has left, by its id.
    pub shares: Arc<Shares<String>>,
}

/// A place among the calls that are answered at the same time.
pub(crate) struct Place(Arc<Core>);

impl Core {
    /// None when there are too many calls already.
    pub(crate) fn place(self: &Arc<Self>, calls_max: usize) -> Option<Place> {
        let asking = self.asking.fetch_add(1, Ordering::Relaxed);
        // Taken at once, so that it is given back on every path.
        let place = Place(self.clone());
        (asking.saturating_add(self.flights.count()) < calls_max).then_some(place)
    }

    pub(crate) async fn upkeep(&self) {
        let settings = self.directory.settings();
        self.prices.look();
        self.flights.upkeep(self.clock.mono_ms());
        self.ledger.upkeep(settings.limits.allowance_rest, settings.budgets).await;
        self.clients.retain(|name| settings.providers.contains_key(name));
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.asking.fetch_sub(1, Ordering::Relaxed);
    }
}
