//! Which events a command means, or why it is refused. Pure: the state is only read.

mod end;
mod facts;
mod fire;
mod hire;
mod inbox;
mod interrupt;
mod metered;
mod order;
mod tell;
mod time;
mod wait;

pub(crate) use end::NEVER_TAKEN_BEGIN;
pub(crate) use facts::{after, deadline};
pub(crate) use fire::{fire, notice};
pub(crate) use hire::{TicketHire, hire_for_ticket};
pub(crate) use order::{Decision, decide, gone};
pub(crate) use time::ending;

use order::{process_agent, settle_approval};
