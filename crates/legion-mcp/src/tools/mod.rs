//! The tools. One file each: what it says of itself, and what it does.

mod fire;
mod hire;
mod inbox;
mod interrupt;
mod logs;
mod schema;
mod status;
mod tell;
mod tool;
mod wait;

use schema::{TEXT_CHARS_MAX, agent_id, object};

pub(crate) use tool::{Definition, Effect, Tool};
