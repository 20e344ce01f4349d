//! Errors: what a client did wrong, and what a provider answered; read from and written in each dialect.

mod class;
mod refused;

pub use class::{Class, UpstreamError};
pub use refused::Refused;
