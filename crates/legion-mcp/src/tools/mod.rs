//! The tools. One file each: what it says of itself, and what it does.

mod check;
mod deps;
mod diff;
mod dispatch;
mod fire;
mod hire;
mod inbox;
mod interrupt;
mod logs;
mod plan;
mod report;
mod retry;
mod schema;
mod status;
mod stop;
mod tell;
mod tool;
mod wait;
mod why;

use schema::{TEXT_CHARS_MAX, agent_id, object};

pub(crate) use tool::{Definition, Effect, Tool};
