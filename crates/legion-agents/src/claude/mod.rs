//! The driver `claude`: Claude Code over stream-json, both directions on one pair of pipes.
//!
//! One file per wire message: `receive/` holds what the program writes, `send/` what we write. Everything is read by
//! key, never by position, and nothing that the program writes may panic or stop the reading: what is not known is said
//! to be [`Other`](crate::AgentEvent::Other), what is not in the protocol is
//! [`Garbage`](crate::AgentEvent::Garbage). One malformed line **to** the program ends it, so every line is made by a
//! JSON writer.

mod arguments;
mod conversation;
mod decoder;
mod driver;
mod environment;
mod instructions;
mod mcp;
mod receive;
pub mod send;
mod session_file;

pub use arguments::arguments;
pub use conversation::ClaudeConversation;
pub use decoder::{Decoder, LINE_BYTES_MAX};
pub use driver::ClaudeDriver;
pub use environment::environment;
pub use session_file::{config_dir, make_startable, seen_in_session, session_file};
