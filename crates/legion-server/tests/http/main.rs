//! The faces on a real engine with real processes, on the log in memory.

mod addresses;
mod bad_input;
mod documents;
mod events;
mod guard;
mod keys;
mod mcp;
mod organisation;
mod sockets;
mod support;
mod waiting;
