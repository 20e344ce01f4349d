//! What the person sees. Pure functions: data and a [`Look`] in, text out; no clock, no terminal, no client.

mod agents;
mod approval;
mod event;
mod hired;
mod inbox;
mod look;
mod probes;
mod result;
mod run;
mod screen;
mod status;
mod style;
mod table;
mod tree;

#[cfg(test)]
pub(crate) mod samples;

pub(crate) use agents::{AgentRow, agents};
pub(crate) use approval::decided;
pub(crate) use event::{Names, event, story};
pub(crate) use hired::hired;
pub(crate) use inbox::letters;
pub(crate) use look::Look;
pub(crate) use probes::probes;
pub(crate) use result::outcome_line;
pub(crate) use screen::Screen;
pub(crate) use status::status;
pub(crate) use style::{Palette, Style};
pub(crate) use tree::tree;
