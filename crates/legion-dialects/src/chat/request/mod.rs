//! Requests.

mod decode;
mod encode;
mod messages;
mod options;
mod parts;
mod tools;
mod turns;

pub use decode::decode;
pub use encode::encode;
