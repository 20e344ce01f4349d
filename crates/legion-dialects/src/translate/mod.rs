//! The facade: a request, an answer or a stream of one dialect becomes one of another.

mod codec;
pub mod custom;
pub mod dialects;
mod held;
mod memory;
pub mod models;
mod normalise;
mod pieces;
mod request;
mod response;
mod same;
mod sequence;
mod settle;
mod stream;
mod target;

pub use codec::{Decode, Encode, Malformed};
pub use memory::Memory;
pub use request::{Translated, request};
pub use response::{Answered, response};
pub use same::{Forwarded, forward};
pub use sequence::Sequencer;
pub use stream::Stream;
pub use target::{Support, Target};
