//! Answers as streams.

mod calls;
mod decode;
mod encode;
mod inline;

pub use decode::Decoder;
pub use encode::Encoder;
pub use inline::Inline;
