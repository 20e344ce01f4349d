//! Anthropic Messages: `POST /v1/messages`.

pub mod beta;
mod blocks;
mod media;
pub mod request;
pub mod response;
mod stop;
pub mod stream;
pub mod usage;

pub use blocks::is_billing;
