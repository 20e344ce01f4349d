//! Requests.

mod decode;
mod encode;
mod input;
mod options;
mod tools;
mod turns;

pub use decode::decode;
pub use encode::encode;
