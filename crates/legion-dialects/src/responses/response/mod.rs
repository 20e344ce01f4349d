//! Answers in one piece.

mod decode;
mod encode;
mod item;

pub use decode::decode;
pub use encode::encode;
pub use item::{Item, read_item};
