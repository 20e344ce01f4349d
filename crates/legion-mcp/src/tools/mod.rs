//! The tools. One file each: what it says of itself, and what it does.

mod check;
mod delete;
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
mod rescues;
mod retry;
mod roles;
mod schema;
mod sessions;
mod status;
mod stop;
mod teams;
mod tell;
mod tool;
mod wait;
mod why;

use schema::{TEXT_CHARS_MAX, agent_id, object};

pub(crate) use tool::{Definition, Effect, Tool};
