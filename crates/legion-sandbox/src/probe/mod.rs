//! The escape probes: each tries one thing that an agent must not get done. A probe counts only beside its control, the
//! same attempt outside of the tier, which must succeed: else it would show nothing.

mod files;
pub(crate) mod ground;
mod kernel;
pub(crate) mod main;
pub(crate) mod neighbour;
mod network;
mod outcome;
mod processes;
mod set_id;
mod table;
mod terminal;

pub use outcome::{Attempt, Outcome};
pub(crate) use table::GRANTED;
pub use table::{Held, Kind, PROBES, Probe};
