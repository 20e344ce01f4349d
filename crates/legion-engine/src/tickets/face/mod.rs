//! What faces ask for about tickets. What may be done is decided by the model; here only what the outside has to do with it.

mod answer;
mod diff;
mod dispatch;
mod garbage;
mod gate_log;
mod repository;
mod roles;
mod sessions;
mod target_gates;
mod undelete;
mod why;

pub use diff::{DiffFile, DiffOf, TicketDiff};
pub use dispatch::Added;
pub use garbage::Garbage;
pub use repository::Repository;
pub use sessions::SessionAsk;
pub(super) use sessions::put_away;
