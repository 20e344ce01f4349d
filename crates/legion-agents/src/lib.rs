//! Drivers: how each kind of agent program is started, spoken to and understood.
//!
//! Pure translation between Legion's words and each program's own; starting and writing is done by who asks.
#![forbid(unsafe_code)]

pub mod claude;
pub mod command;
mod driver;
mod event;

pub use driver::{Access, Conversation, Driver, DriverError, Launch, Login, Start, driver};
pub use event::{AgentEvent, TurnOutcome, Usage};
