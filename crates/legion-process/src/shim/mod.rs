//! The shim: one small process between the service and one agent program. One thread, no async,
//! bounded memory. It must never wait for a peer, and never drop output.

pub mod exit_code;
mod ladder;
mod listen;
mod peer;
mod recorder;
mod serve;
pub(crate) mod start;
mod stdin;
mod talk;
mod tree;
