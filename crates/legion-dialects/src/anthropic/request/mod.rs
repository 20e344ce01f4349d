//! Requests.

mod blocks;
mod decode;
mod encode;
mod options;
mod prepare;
mod tools;

pub use decode::decode;
pub use encode::encode;
pub use prepare::prepare;
