//! Scripted providers, a directory in memory, a client, and a running gateway.

mod books;
mod client;
mod log;
mod service;
mod upstream;
mod wait;
mod words;

pub use books::Books;
pub use client::{Got, send};
pub use log::Log;
pub use service::{Service, anthropic, request as http_request};
pub use upstream::{Conn, Upstream};
pub use wait::{until, within};
pub use words::*;
