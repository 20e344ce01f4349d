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
mod guest;
mod hire;
mod hold;
mod holder;
mod masks;
mod placeholders;
mod program;
mod provider;
mod reach;
mod repository;
mod takes;
mod tiers;
mod trust;
mod tunnel;
mod usage;
mod watch;
mod watched;
mod writable;

pub(crate) use command::{CommandOrder, hold_command};
pub use compose::PORTS_INSIDE;
pub use config::{AgentLimits, ContainmentConfig};
pub(crate) use ground::Containment;
pub use ground::{self_test, strongest_tier};
pub(crate) use hold::{Grouped, hold, limits_in};
pub use holder::{Holder, Holders};
pub(crate) use masks::hidden_in_clones;
pub use takes::Takes;
pub use trust::TrustedContent;
pub use usage::{MachineUsage, TreeOfAgent, WaitingStart};
pub(crate) use watch::keep_watch;
pub(crate) use watched::{Watched, Whose};
