//! What a fresh machine lacks for the tests, installed only when missing: nothing here uses the network when all is there.

mod agents;
mod debian;
mod tools;

pub use agents::install_agents;
pub use debian::install_packages;
pub use tools::{cargo_deny, install_tools, nextest_is_installed};
