//! Errors: what a client did wrong, and what a provider answered; read from and written in each dialect.

mod class;
mod classify;
mod date;
mod parse;
mod refused;
mod retry;
mod scrub;
mod write;

pub use class::{Class, UpstreamError};
pub use classify::classify;
pub(crate) use parse::class_of;
pub use parse::{in_stream, parse};
pub use refused::Refused;
pub use retry::retry_after;
pub use scrub::scrub;
pub use write::{body, stream};
