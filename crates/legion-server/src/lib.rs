//! The service's faces: REST, server-sent events, MCP over HTTP. Parse, ask the engine, render.
//!
//! Nothing is decided here: who may do what is the model's to say, and what is true is the engine's.
#![forbid(unsafe_code)]

mod address;
mod change;
mod context;
mod fault;
mod guard;
mod history;
mod hosts;
mod mcp;
mod openapi;
mod plans;
mod query;
mod render;
mod rights;
mod router;
mod routes;
mod scope;
mod serve;

pub use context::{Backup, Server};
pub use hosts::Hosts;
pub use openapi::openapi;
pub use router::router;
pub use serve::serve;
