//! Streams.

mod decode;
mod encode;
mod frame;
mod made;
mod open;
mod wire;

pub use decode::Decoder;
pub use encode::Encoder;
pub use frame::Frame;
pub use made::Made;
