//! Requests.

mod decode;
mod encode;
mod input;
mod options;
mod same;
mod tools;
mod turns;

pub use decode::decode;
pub use encode::encode;
pub use options::uses;
pub use same::clean;
