//! All settings at one time.

use std::collections::BTreeMap;

use crate::settings::lane::ClosedLane;
use crate::settings::limits::Limits;
use crate::settings::price::Price;
use crate::settings::provider::Provider;
use crate::settings::recording::CassetteMode;
use crate::settings::route::Route;

/// The settings at one time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// Grows with each change.
    pub revision: u64,
    /// By name.
    pub providers: BTreeMap<String, Provider>,
    pub routes: Vec<Route>,
    /// Lanes that were closed when the service began. Read once.
    pub lanes: Vec<ClosedLane>,
    /// The user's own prices by model; they win over the table and yield to a provider's own.
    pub prices: BTreeMap<String, Price>,
    /// The budget of each single call, in nano-dollars. A call that could cost more is refused. None: any.
    pub call_max_nanos: Option<u64>,
    /// Another number with each change of a budget. What was granted under another one is given back, and asked for anew.
    pub budgets: u64,
    pub limits: Limits,
    pub cassette: CassetteMode,
}
