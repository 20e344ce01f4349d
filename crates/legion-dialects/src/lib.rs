//! Dialects of model providers, and translation between them: Anthropic Messages, OpenAI Chat Completions, OpenAI Responses.
//!
//! Each dialect is a folder with one decoder and one encoder for requests, answers and streams; they meet in one neutral form
//! ([`neutral`]). What cannot be said in the other dialect is dropped with a named [`Warning`], never silently. Pure: nothing here
//! waits, reads a clock, opens a file or keeps state outside the values it hands out.

#![forbid(unsafe_code)]

mod anthropic;
mod chat;
pub mod count;
mod dialect;
pub mod error;
pub mod first_frame;
pub mod hints;
mod json;
mod names;
pub mod neutral;
mod responses;
pub mod scan;
mod schema;
mod signature;
pub mod sse;
pub mod translate;
pub mod usage;
mod warning;

pub use anthropic::beta;
pub use dialect::Dialect;
pub use error::{Class, Refused, UpstreamError};
pub use usage::Usage;
pub use warning::{Loss, Warning};
