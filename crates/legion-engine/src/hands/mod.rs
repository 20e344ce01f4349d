//! The hands: one task for each process of an agent. It carries out steps and reports what happened.

mod compose;
mod exit;
mod follow;
mod hand;
mod launch;
mod order;
mod process;
mod report;

pub(crate) use hand::{Hand, interrupt_id, refusal_id};
pub(crate) use order::{AdoptOrder, StartOrder, Task};
pub(crate) use report::Reporter;
