//! The hands: one task for each process of an agent. It carries out steps and reports what happened.

mod carry_out;
mod clear_locks;
mod compose;
mod exit;
mod facts;
mod follow;
mod hand;
mod held;
mod launch;
mod order;
mod process;
mod report;
mod secrets;
mod stopper;

pub(crate) use hand::{Hand, interrupt_id, refusal_id};
pub(crate) use order::{AdoptOrder, StartOrder, Task};
pub(crate) use report::{KeeperGone, Reporter};
