//! `legion demo`: a small organisation that does real work before one's eyes, in a temporary directory and a service of its own.

mod account;
mod arguments;
mod begun;
mod checks;
mod follow;
mod play;
mod prompts;
mod proof;
mod sample;
mod tickets;

pub(crate) use arguments::DemoArgs;
pub(crate) use play::run;
