//! Containment of agents: which tier holds on this machine, what an agent is given, and how its program is started held.
//!
//! Never here: what holds a program (that is `legion-sandbox`), and who may ask for what (that is the model).

mod accounts;
mod admission;
mod command;
mod compose;
mod config;
mod forward;
mod ground;
mod hire;
mod hold;
mod masks;
mod placeholders;
mod program;
mod provider;
mod reach;
mod repository;
mod tiers;
mod trust;
mod watch;
mod watched;
mod writable;

pub(crate) use command::{CommandOrder, hold_command};
pub use compose::PORTS_INSIDE;
pub use config::{AgentLimits, ContainmentConfig};
pub(crate) use ground::Containment;
pub use ground::{self_test, strongest_tier};
pub(crate) use hold::{Grouped, hold, limits_in};
pub(crate) use masks::hidden_in_clones;
pub use trust::TrustedContent;
pub(crate) use watch::keep_watch;
pub(crate) use watched::Watched;
