//! What the gateway for model calls must not forget: providers, routes, budgets, allowances, what was used, lanes that are closed.
//!
//! All of it is the service's own, for calls of every project: it is folded from the service's stream, not from a project's. Never
//! here: a key of a provider.

mod allowance;
mod apply;
mod call;
mod cassette;
mod decide;
mod figures;
mod lane;
mod money;
mod order;
mod provider;
mod route;
mod scope;
mod state;

pub use allowance::{Allowance, AllowanceId, Payer};
pub use call::{SettledCalls, Tokens};
pub use cassette::{CassetteMode, CassetteName};
pub use figures::Figures;
pub use lane::{Lane, LaneClass};
pub use money::NanoUsd;
pub use order::{GatewayAnswer, GatewayCommand, GatewayDecided, GatewayOrder};
pub use provider::{Format, KeySource, Provider, ProviderName};
pub use route::{Route, RouteKey, RouteWho, Target};
pub use scope::{BudgetOf, Scope, ScopeKind};
pub use state::GatewayState;
