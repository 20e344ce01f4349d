//! Containment: what an agent may reach, the tiers that hold it to that, and the tests that prove each tier.
//!
//! A tier is never guessed and never lowered in silence: what cannot be enforced is refused, or said.
#![forbid(unsafe_code)]

mod bwrap;
mod confinement;
mod grant;
mod helper;
mod launch;
mod limits;
mod order;
mod placeholder;
mod probe;
mod regular;
mod resources;
mod selftest;
mod system;
mod tier;
mod unenforced;

pub use confinement::{Account, BadConfinement, Confinement, RelayPort};
pub use grant::{BadPath, Grant, PATHS_MAX, Right, SOCKET_PATH_BYTES_MAX, Wider, path_of_pattern};
pub use helper::main::{confine_main, is_confine};
pub use helper::{EXIT_NOT_CONFINED, EXIT_NOT_EXECUTABLE, EXIT_NOT_FOUND, why_not_held};
pub use launch::{Launch, LaunchError, Tools};
pub use legion_process::attempt::landlock_version;
pub use limits::{Limits, WiderLimit};
pub use order::COMMAND;
pub use placeholder::{Placeholder, is_there};
pub use probe::{Held, Kind, Outcome, PROBES, Probe};
pub use regular::open_regular;
pub use resources::{
    Admission, Footprint, Group, GroupUsage, Machine, Means, Resource, ResourceError, Resources, Running, admit,
    detect, machine,
};
pub use selftest::{Extent, Report, Row, SelfTest, TierReport, Verdict};
pub use system::{free_bytes, is_of_system, is_root, toolchains};
pub use tier::{Hole, Tier, UnknownTier};
