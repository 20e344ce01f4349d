//! The faces on a real engine with real processes, on the log in memory.

mod addresses;
mod bad_input;
mod dispatching;
mod documents;
mod events;
mod flood;
mod gateway;
mod gateway_calls;
mod guard;
mod keys;
mod mcp;
mod organisation;
mod plans;
mod repo;
mod sessions;
mod sockets;
mod support;
mod ticket_input;
mod ticket_rights;
mod tickets;
mod typed;
mod usage;
mod waiting;
