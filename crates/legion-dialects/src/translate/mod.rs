//! The facade: a request, an answer or a stream of one dialect becomes one of another.

mod codec;
pub mod custom;
mod memory;
mod target;

pub use codec::{Decode, Encode, Malformed};
pub use memory::Memory;
pub use target::{Support, Target};
