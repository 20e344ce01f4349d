//! Legion as an MCP server: tools, resources and prompts over the REST interface.
//!
//! A face and nothing more: each tool is one call of the typed client, and what the service refuses is handed to the model with its hint.
//! The only crate that knows the protocol's kit; none of its types is in the public interface.
#![forbid(unsafe_code)]

mod answer;
mod arguments;
mod caller;
mod error;
mod handler;
mod http;
mod key;
mod lines;
mod prompts;
mod resources;
mod stdio;
mod tools;

pub use caller::{Caller, Clock};
pub use error::McpError;
pub use http::{HttpFace, http_service};
pub use stdio::{serve, serve_stdio};
