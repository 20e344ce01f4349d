//! A command of a ticket that is no agent's, under a shim, held as the service's tier says: what gates and set-up commands have in
//! common.

mod environment;
mod running;
mod start;

pub(super) use running::{Excess, Running, finish_ended};
pub(super) use start::{Start, start};
