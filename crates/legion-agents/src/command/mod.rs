//! The driver `command`: any program is an agent. Its contract is in `docs/command-agents.md`.

mod driver;

pub use driver::CommandDriver;
