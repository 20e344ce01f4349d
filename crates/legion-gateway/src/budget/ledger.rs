//! Reservations: before a call its expected cost is set aside, after it the real one is charged.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use legion_runtime::Clock;
use uuid::Uuid;

use crate::budget::purse::Purse;
use crate::directory::{Caller, Directory, NoAllowance};

/// What is asked for at least, so that most calls need no new fact: one dollar.
const GRANT_NANOS: u64 = 1_000_000_000;
/// Callers with an allowance at the same time; the oldest at rest is given back first.
const PURSES_MAX: usize = 65_536;
/// Allowances to be given back that wait for their turn.
const RETURNS_MAX: usize = 65_536;

/// How often it is looked for the end of calls that are being cut.
const CLOSE_EVERY: Duration = Duration::from_millis(20);

/// Whose money it is. The same agent in another run is another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct PurseKey {
    project: Option<String>,
    agent: Option<String>,
    run: Option<String>,
}

/// A purse, and the right to ask for more of it: one call asks, the others wait for what it gets.
#[derive(Default)]
struct Place {
    purse: Mutex<Purse>,
    asking: tokio::sync::Mutex<()>,
}

pub(crate) struct Ledger {
    places: Mutex<HashMap<PurseKey, Arc<Place>>>,
    /// Allowances that are no longer used; given back by the upkeep.
    returns: Mutex<Vec<Uuid>>,
    directory: Arc<dyn Directory>,
    clock: Arc<dyn Clock>,
}

/// Money that is set aside for one call. Dropped without [`Reservation::charge`], nothing was spent.
pub(crate) struct Reservation {
    ledger: Arc<Ledger>,
    place: Arc<Place>,
    pub allowance: Uuid,
    /// Nano-dollars.
    pub nanos: u64,
    open: bool,
}

impl Ledger {
    pub(crate) fn new(directory: Arc<dyn Directory>, clock: Arc<dyn Clock>) -> Self {
        Self { places: Mutex::default(), returns: Mutex::default(), directory, clock }
    }

    /// Sets money aside for a call. When less is left than that but something is, the call may go: a budget is overspent by one
    /// call at most.
    pub(crate) async fn reserve(self: &Arc<Self>, caller: &Caller, nanos: u64) -> Result<Reservation, NoAllowance> {
        self.take(caller, nanos, nanos.max(GRANT_NANOS)).await
    }

    /// For a call that will cost nothing, whatever is left: it is charged nothing, to its caller.
    pub(crate) async fn reserve_nothing(self: &Arc<Self>, caller: &Caller) -> Result<Reservation, NoAllowance> {
        self.take(caller, 0, 0).await
    }

    async fn take(self: &Arc<Self>, caller: &Caller, nanos: u64, wish: u64) -> Result<Reservation, NoAllowance> {
        let place = self.place(caller);
        // As they are now: a budget that is set is effective with the next call.
        let budgets = self.directory.settings().budgets;
        let take = |part| {
            let taken = lock(&place.purse).take(nanos, part, budgets, self.clock.mono_ms());
            taken.map(|(allowance, nanos)| Reservation {
                ledger: self.clone(),
                place: place.clone(),
                allowance,
                nanos,
                open: true,
            })
        };
        if let Some(reservation) = take(false) {
            return Ok(reservation);
        }
        let _asking = place.asking.lock().await;
        // Whoever asked before may have brought enough for this call too.
        if let Some(reservation) = take(false) {
            return Ok(reservation);
        }
        // What lies here would stand in the way of what is asked for.
        let recalled = lock(&place.purse).recall(budgets);
        self.release(recalled).await;
        match self.directory.allowance(caller, wish).await {
            Ok(allowance) => {
                let ended = lock(&place.purse).add(allowance, budgets);
                self.give_back(ended);
                // Calls that need less than it may have taken all of it meanwhile.
                take(true).ok_or_else(|| NoAllowance::Busy {
                    message: "what was granted for this call was taken by others that are under way".to_owned(),
                })
            }
            Err(none) => take(true).ok_or(none),
        }
    }

    /// Gives back what lies unused, and what was granted under other budgets than these. Called now and then.
    pub(crate) async fn upkeep(&self, rest: Duration, budgets: u64) {
        let (now, rest) = (self.clock.mono_ms(), u64::try_from(rest.as_millis()).unwrap_or(u64::MAX));
        let mut ended = Vec::new();
        lock(&self.places).retain(|_, place| {
            let mut purse = lock(&place.purse);
            ended.extend(purse.rest(now, rest));
            ended.extend(purse.recall(budgets));
            // Somebody who holds the place may be about to use it.
            !(purse.is_empty() && Arc::strong_count(place) == 1)
        });
        self.give_back(ended);
        let returns = std::mem::take(&mut *lock(&self.returns));
        self.release(returns).await;
    }

    /// Gives these back now, or later where it cannot be.
    async fn release(&self, allowances: Vec<Uuid>) {
        let mut left = Returning { ledger: self, allowances };
        while let Some(allowance) = left.allowances.last().copied() {
            if self.directory.release(allowance).await.is_err() {
                // There may be room for it later, and no sooner for the others.
                return;
            }
            left.allowances.pop();
        }
    }

    /// Gives back everything, each allowance when its last call has ended.
    pub(crate) async fn close(&self) {
        loop {
            self.upkeep(Duration::ZERO, self.directory.settings().budgets).await;
            let left = lock(&self.places).values().any(|place| !lock(&place.purse).is_empty());
            if !left && lock(&self.returns).is_empty() {
                return;
            }
            tokio::time::sleep(CLOSE_EVERY).await;
        }
    }

    fn give_back(&self, allowances: Vec<Uuid>) {
        if allowances.is_empty() {
            return;
        }
        let mut returns = lock(&self.returns);
        if returns.len().saturating_add(allowances.len()) <= RETURNS_MAX {
            returns.extend(allowances);
        } else {
            // They count as spent until the directory reconciles them.
            tracing::warn!(count = allowances.len(), "allowances could not be given back in time");
        }
    }

    fn place(&self, caller: &Caller) -> Arc<Place> {
        let key = PurseKey { project: caller.project.clone(), agent: caller.agent.clone(), run: caller.run.clone() };
        let mut places = lock(&self.places);
        if places.len() >= PURSES_MAX && !places.contains_key(&key) {
            let mut ended = Vec::new();
            places.retain(|_, place| {
                let mut purse = lock(&place.purse);
                ended.extend(purse.rest(u64::MAX, 0));
                !(purse.is_empty() && Arc::strong_count(place) == 1)
            });
            self.give_back(ended);
        }
        places.entry(key).or_default().clone()
    }
}

/// Allowances that are being given back. A caller that hangs up meanwhile takes none of them along.
struct Returning<'a> {
    ledger: &'a Ledger,
    allowances: Vec<Uuid>,
}

impl Drop for Returning<'_> {
    fn drop(&mut self) {
        self.ledger.give_back(std::mem::take(&mut self.allowances));
    }
}

impl Reservation {
    /// The call has ended and is charged. More than was set aside may be charged: that is the one call by which a budget can be
    /// overspent.
    pub(crate) fn charge(mut self, nanos: u64) {
        self.settle(nanos);
    }

    fn settle(&mut self, nanos: u64) {
        if std::mem::take(&mut self.open) {
            let ended = lock(&self.place.purse).settle(self.allowance, self.nanos, nanos, self.ledger.clock.mono_ms());
            self.ledger.give_back(ended);
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.settle(0);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
