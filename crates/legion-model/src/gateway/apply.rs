//! What each event means for the gateway. It never refuses; an event about something that is not there changes nothing.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::allowance::{Allowance, AllowanceId, Payer};
use super::call::SettledCalls;
use super::figures::Figures;
use super::lane::Lane;
use super::scope::Scope;
use super::state::{GatewayState, day};
use crate::event::Event;

/// Payers of closed allowances that are remembered. Fixed, because a fold may not depend on configuration.
const CLOSED_MAX: usize = 4_096;
/// Batches that are known when they come again.
const BATCHES_MAX: usize = 64;
/// Things that figures are kept for. Beyond that, those that were not spent for for the longest time are forgotten.
const FIGURES_MAX: usize = 100_000;

impl GatewayState {
    /// Applies one event.
    pub fn apply(&mut self, event: &Event, at: Timestamp) {
        self.version += 1;
        self.last_at = self.last_at.max(at);
        match event {
            Event::ServiceStarted => {
                for allowance in self.allowances.values_mut() {
                    allowance.orphaned = true;
                }
            }
            Event::ProviderSet { provider, .. } => {
                self.providers.insert(provider.name.clone(), (**provider).clone());
                // Another address or another key is another account.
                self.lanes.retain(|(name, _), _| *name != provider.name);
            }
            Event::ProviderRemoved { provider, .. } => {
                self.providers.remove(provider);
                self.lanes.retain(|(name, _), _| name != provider);
            }
            Event::RouteSet { key, route, .. } => {
                self.routes.insert(key.clone(), route.clone());
            }
            Event::RouteRemoved { key, .. } => {
                self.routes.remove(key);
            }
            Event::BudgetSet { of, limit, .. } => {
                self.budgets.insert(of.clone(), *limit);
                self.budgets_version = self.version;
            }
            Event::BudgetRemoved { of, .. } => {
                self.budgets.remove(of);
                self.budgets_version = self.version;
            }
            Event::CassetteSet { mode, .. } => self.cassette = mode.clone(),
            Event::AllowanceOpened { allowance, payer, granted } => {
                let opened = Allowance {
                    id: *allowance,
                    payer: payer.clone(),
                    granted: *granted,
                    charged: Default::default(),
                    opened_at: at,
                    used_at: at,
                    orphaned: false,
                };
                self.allowances.insert(*allowance, opened);
            }
            Event::AllowanceClosed { allowance } => self.allowance_closed(*allowance),
            Event::AllowanceReconciled { allowance, spent, .. } => {
                let Some(known) = self.allowances.get(allowance) else { return };
                let (payer, used_at) = (known.payer.clone(), known.used_at);
                self.count(&payer, used_at, |figures| figures.add_reconciled(*spent, at));
                self.total.add_reconciled(*spent, at);
                self.allowance_closed(*allowance);
            }
            Event::CallsSettled { batch, calls } => {
                for line in calls {
                    self.settled(line, at);
                }
                self.batches.push_back(*batch);
                if self.batches.len() > BATCHES_MAX {
                    self.batches.pop_front();
                }
            }
            Event::LaneClosed { provider, model, until, class, why } => {
                // Those that have opened by themselves are of no use to anybody.
                self.lanes.retain(|_, lane| lane.until > at);
                let (provider, model) = (provider.clone(), model.clone());
                let lane = Lane {
                    provider: provider.clone(),
                    model: model.clone(),
                    until: *until,
                    class: *class,
                    why: why.clone(),
                };
                self.lanes.insert((provider, model), lane);
            }
            Event::LaneOpened { provider, model } => {
                self.lanes.remove(&(provider.clone(), model.clone()));
            }
            _ => {}
        }
    }

    fn settled(&mut self, line: &SettledCalls, at: Timestamp) {
        let payer = match self.allowances.get_mut(&line.allowance) {
            Some(allowance) => {
                allowance.charged += line.charged;
                allowance.used_at = at;
                allowance.payer.clone()
            }
            // Nothing that was spent is lost: what is left to count it for are the day and the model.
            None => self.payer(line.allowance).cloned().unwrap_or_default(),
        };
        self.count(&payer, at, |figures| figures.add(line, at));
        self.models.entry(line.model_name()).or_default().add(line, at);
        forget_oldest(&mut self.models);
        self.total.add(line, at);
    }

    fn count(&mut self, payer: &Payer, spent_at: Timestamp, add: impl Fn(&mut Figures)) {
        for scope in payer.scopes().into_iter().chain([Scope::Day(day(spent_at))]) {
            add(self.figures.entry(scope).or_default());
        }
        forget_oldest(&mut self.figures);
    }

    fn allowance_closed(&mut self, id: AllowanceId) {
        let Some(closed) = self.allowances.remove(&id) else { return };
        self.closed.push_back((id, closed.payer));
        if self.closed.len() > CLOSED_MAX {
            self.closed.pop_front();
        }
    }
}

/// A tenth at once, so that it is seldom looked for.
fn forget_oldest<K: Ord + Clone>(figures: &mut BTreeMap<K, Figures>) {
    if figures.len() <= FIGURES_MAX {
        return;
    }
    let mut by_age: Vec<(Timestamp, K)> = figures.iter().map(|(key, figures)| (figures.last_at, key.clone())).collect();
    by_age.sort();
    for (_, key) in by_age.into_iter().take(FIGURES_MAX / 10) {
        figures.remove(&key);
    }
}
