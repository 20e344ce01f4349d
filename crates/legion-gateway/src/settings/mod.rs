//! What is set: providers, routes, prices, limits. A snapshot; nothing here changes.

mod lane;
mod limits;
mod price;
mod provider;
mod recording;
mod route;
mod snapshot;

pub use lane::ClosedLane;
pub use limits::Limits;
pub use price::{Price, PriceTier};
pub use provider::{Authorization, Betas, KeySource, Provider};
pub use recording::{CassetteMode, Matching, Pace};
pub use route::{Agents, Route, Target, Who};
pub use snapshot::Settings;
