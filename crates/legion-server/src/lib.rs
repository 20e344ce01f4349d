//! The service's faces: REST, server-sent events, MCP over HTTP. Parse, ask the engine, render.
//!
//! Nothing is decided here: who may do what is the model's to say, and what is true is the engine's.
#![forbid(unsafe_code)]

mod address;
mod audit;
mod change;
mod context;
mod fault;
mod gateway;
mod governed;
mod guard;
mod history;
mod hosts;
mod mcp;
mod openapi;
mod places;
mod plans;
mod query;
mod remembered;
mod render;
mod rights;
mod router;
mod routes;
mod scope;
mod serve;

pub use context::{Backup, Server};
pub use gateway::serve_gateway;
pub use hosts::Hosts;
pub use openapi::openapi;
pub use router::router;
pub use serve::serve;
