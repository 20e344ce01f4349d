//! The gateway: every model call of every agent, routed, translated, counted and stopped in time. It holds no state that matters:
//! who may call, which provider answers and what may be spent is asked of a [`Directory`].
//!
//! Must never send a provider's key to any host but that provider's, nor collect a stream before passing it on.
#![forbid(unsafe_code)]

mod allowed;
mod budget;
mod cassette;
mod core;
mod directory;
mod face;
mod gateway;
mod governor;
mod lane;
mod learned;
mod prices;
mod route;
mod secrets;
mod settings;
pub mod templates;
mod upstream;
mod whole_file;

pub use cassette::{CassetteError, CassetteView, Cassettes};
pub use directory::{Allowance, Call, Caller, Directory, NoAllowance, NotEntered, NotReleased};
pub use face::{HeldBody, ModelView, Tested};
pub use gateway::{Gateway, GatewayError, Options};
pub use governor::LaneView;
pub use lane::Outcome;
pub use legion_dialects::{Class, Dialect, Usage};
pub use prices::{
    KnownPrices, LITELLM_LIST, ListError, ModelCard, NewPrices, OverlayError, PriceOrigin, PriceTable, Priced,
    PricesError, PricesUpdated, TableError, cost,
};
pub use secrets::{Redactor, SecretStore, SecretsError};
pub use settings::{
    Agents, Authorization, Betas, CassetteMode, ClosedLane, KeySource, Limits, Matching, Pace, Price, PriceTier,
    Provider, Route, Settings, Target, Who,
};
pub use upstream::{AddressError, Origin};
