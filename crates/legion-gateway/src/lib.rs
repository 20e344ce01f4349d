//! The gateway: every model call of every agent, routed, translated, counted and stopped in time. It holds no state that matters:
//! who may call, which provider answers and what may be spent is asked of a [`Directory`].
//!
//! Must never send a provider's key to any host but that provider's, nor collect a stream before passing it on.
#![forbid(unsafe_code)]

mod directory;
mod settings;
mod words;

pub use directory::{Allowance, Call, Caller, Directory, OverBudget};
pub use settings::{
    Authorization, Betas, CassetteMode, ClosedLane, KeySource, Limits, Matching, Pace, Price, PriceTier, Provider,
    Route, Settings, Target, Who,
};
pub use words::{Dialect, Usage};
