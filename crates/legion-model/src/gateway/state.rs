//! The gateway's state: the fold of the service's stream.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::allowance::{Allowance, AllowanceId, Payer};
use super::cassette::CassetteMode;
use super::figures::Figures;
use super::lane::Lane;
use super::money::NanoUsd;
use super::order::{GatewayCommand, GatewayDecided};
use super::provider::{Provider, ProviderName};
use super::route::{Route, RouteKey};
use super::scope::{BudgetOf, Scope};
use crate::ids::AgentId;
use crate::refusal::Refusal;

/// Everything that is true of the gateway.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GatewayState {
    /// Number of the last event.
    pub version: u64,
    /// Time of the last event.
    pub last_at: Timestamp,
    pub providers: BTreeMap<ProviderName, Provider>,
    #[serde(with = "pairs")]
    pub routes: BTreeMap<RouteKey, Route>,
    pub budgets: BTreeMap<BudgetOf, NanoUsd>,
    /// Number of the event that changed a budget last: what was granted before it was granted under other budgets.
    pub budgets_version: u64,
    /// By provider, and by model where it is one model's.
    #[serde(with = "pairs")]
    pub lanes: BTreeMap<(ProviderName, Option<String>), Lane>,
    pub cassette: CassetteMode,
    /// Those that are open, and those that a service left open.
    pub allowances: BTreeMap<AllowanceId, Allowance>,
    /// Who spent the allowances that were closed last: a call may be settled behind the end of its allowance.
    pub closed: VecDeque<(AllowanceId, Payer)>,
    pub figures: BTreeMap<Scope, Figures>,
    /// By `PROVIDER/MODEL`.
    pub models: BTreeMap<String, Figures>,
    pub total: Figures,
    /// The last batches: one that comes twice counts once.
    pub batches: VecDeque<Uuid>,
}

impl Default for GatewayState {
    fn default() -> Self {
        Self {
            version: 0,
            last_at: Timestamp::UNIX_EPOCH,
            providers: BTreeMap::new(),
            routes: BTreeMap::new(),
            budgets: BTreeMap::new(),
            budgets_version: 0,
            lanes: BTreeMap::new(),
            cassette: CassetteMode::Off,
            allowances: BTreeMap::new(),
            closed: VecDeque::new(),
            figures: BTreeMap::new(),
            models: BTreeMap::new(),
            total: Figures::default(),
            batches: VecDeque::new(),
        }
    }
}

impl GatewayState {
    /// Version of the fold. A snapshot made by another one is dropped. Raise it when `apply` or a noun changes.
    pub const FOLD: &'static str = "gateway-4";

    /// Decides a command, and applies what it means: the events are one batch of the log.
    pub fn step(&mut self, command: &GatewayCommand) -> Result<GatewayDecided, Refusal> {
        let at = command.at.max(self.last_at);
        let decided = super::decide::decide(self, command, at)?;
        for event in &decided.events {
            self.apply(event, at);
        }
        Ok(decided)
    }

    /// The budget of one thing: its own, else that of each of its kind.
    pub fn budget(&self, scope: &Scope) -> Option<NanoUsd> {
        let own = self.budgets.get(&BudgetOf::One(scope.clone()));
        own.or_else(|| self.budgets.get(&BudgetOf::Each(scope.kind()))).copied()
    }

    /// What a single call may cost at most.
    pub fn call_budget(&self) -> Option<NanoUsd> {
        self.budgets.get(&BudgetOf::Each(super::scope::ScopeKind::Call)).copied()
    }

    /// What counts as spent: what calls were charged, and what services that are gone left open.
    pub fn spent(&self, scope: &Scope) -> NanoUsd {
        let charged = self.figures.get(scope).map(|figures| figures.charged).unwrap_or_default();
        charged + self.unsettled(scope)
    }

    /// The part of it that nobody knows: left open by a service that is gone, and not reconciled.
    pub fn unsettled(&self, scope: &Scope) -> NanoUsd {
        let orphans = self.allowances.values().filter(|allowance| allowance.orphaned);
        orphans.filter(|allowance| counts_for(allowance, scope, day(allowance.used_at))).map(Allowance::rest).sum()
    }

    /// What is set aside for calls that are under way.
    pub fn held(&self, scope: &Scope, today: Date) -> NanoUsd {
        let open = self.allowances.values().filter(|allowance| !allowance.orphaned);
        open.filter(|allowance| counts_for(allowance, scope, today)).map(Allowance::rest).sum()
    }

    /// Who pays with an allowance: one that is open, or was closed lately.
    pub fn payer(&self, id: AllowanceId) -> Option<&Payer> {
        let open = self.allowances.get(&id).map(|allowance| &allowance.payer);
        open.or_else(|| self.closed.iter().rev().find(|(closed, _)| *closed == id).map(|(_, payer)| payer))
    }

    /// The narrowest scope of a payer whose budget is used up. `caps` are what agents were hired with.
    pub fn used_up(&self, payer: &Payer, caps: &[(AgentId, NanoUsd)], at: Timestamp) -> Option<Scope> {
        super::decide::used_up(self, payer, caps, at)
    }

    /// Everything that services which are gone left something open for.
    pub fn orphaned_scopes(&self) -> BTreeSet<Scope> {
        let orphans = self.allowances.values().filter(|allowance| allowance.orphaned);
        orphans.flat_map(|orphan| orphan.payer.scopes().into_iter().chain([Scope::Day(day(orphan.used_at))])).collect()
    }

    /// Lanes that are closed at a time.
    pub fn closed_lanes(&self, at: Timestamp) -> impl Iterator<Item = &Lane> {
        self.lanes.values().filter(move |lane| lane.until > at)
    }
}

fn counts_for(allowance: &Allowance, scope: &Scope, counted_on: Date) -> bool {
    match scope {
        Scope::Day(day) => *day == counted_on,
        scope => allowance.payer.scopes().contains(scope),
    }
}

/// The day of a time, in UTC.
pub(super) fn day(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

/// JSON has no maps with compound keys.
mod pairs {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer, K: Serialize, V: Serialize>(
        map: &BTreeMap<K, V>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(map)
    }

    pub fn deserialize<'de, D, K, V>(deserializer: D) -> Result<BTreeMap<K, V>, D::Error>
    where
        D: Deserializer<'de>,
        K: Deserialize<'de> + Ord,
        V: Deserialize<'de>,
    {
        Ok(Vec::<(K, V)>::deserialize(deserializer)?.into_iter().collect())
    }
}
