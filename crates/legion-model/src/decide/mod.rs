//! Which events a command means, or why it is refused. Pure: the state is only read.

mod end;
mod facts;
mod fire;
mod hire;
mod inbox;
mod interrupt;
mod order;
mod tell;
mod time;
mod wait;

pub(crate) use facts::deadline;
pub(crate) use fire::notice;
pub(crate) use order::decide;
pub(crate) use time::ending;

use order::{Decision, gone, process_agent, settle_approval};
