//! Lanes: one for each provider and model. What a provider refuses is not asked of it again before its time.

mod backoff;
mod effect;
mod lanes;

pub(crate) use effect::effect;
pub use lanes::LaneView;
pub(crate) use lanes::{Closed, Governor, Permit};
