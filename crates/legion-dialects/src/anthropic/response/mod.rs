//! Answers in one piece.

mod decode;
mod encode;

pub use decode::decode;
pub use encode::encode;
