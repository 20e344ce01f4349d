//! The keeper of each project, and the hands that carry out its steps.
//!
//! Only the keeper appends. Faces come in by [`Engine`]; what they may do is decided by the model.
#![forbid(unsafe_code)]

mod audit;
mod bodies;
mod containment;
mod engine;
mod error;
mod failpoints;
mod gateway;
mod hands;
mod hire;
mod keeper;
mod load;
mod logs;
mod orphans;
mod projects;
mod tickets;
mod upkeep;

pub use audit::TokenOf;
pub use containment::{
    AgentLimits, ContainmentConfig, Holder, Holders, MachineUsage, PORTS_INSIDE, Takes, TreeOfAgent, TrustedContent,
    WaitingStart, self_test, strongest_tier,
};
pub use engine::{Engine, EngineConfig};
pub use error::{EngineError, OpenError};
pub use gateway::{GatewayDirectory, Spending, Spent, SpentBy};
pub use hire::HireAsk;
pub use keeper::Stored;
pub use legion_git::ObjectFormat;
pub use legion_sandbox::Admission;
pub use logs::{Cursor, LogLines};
pub use tickets::{Added, DiffFile, DiffOf, Garbage, Repository, SessionAsk, TicketDiff};
