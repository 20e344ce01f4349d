//! The typed client of the REST interface.
//!
//! It speaks HTTP/1.1 over TCP, over a Unix socket, or straight into a router of the same process. It repeats what failed on the way with the
//! same idempotency key, so a lost answer never does something twice. It decides nothing: what the service says is handed on.
#![forbid(unsafe_code)]

mod agents;
mod approvals;
mod audit;
mod backoff;
mod body;
mod call;
mod client;
mod connection;
mod endpoint;
mod error;
mod events;
mod gateway;
mod handler;
mod holder;
mod inbox;
mod patience;
mod project;
mod query;
mod service;
mod sessions;
mod sse;
mod stopwatch;
mod teams;
mod tickets;
mod transport;
mod trust;
mod wait;

pub use agents::{AgentFilter, TreeFilter};
pub use body::{Body, BoxError};
pub use client::Client;
pub use endpoint::{DEFAULT_URL, Endpoint, Environment, Found};
pub use error::ClientError;
pub use handler::{Handler, HandlerFuture, lend};
pub use holder::Holder;
pub use patience::Patience;
pub use project::ProjectClient;
pub use tickets::TicketFilter;
pub use transport::Transport;
