//! What a call consumed, in buckets that do not overlap; and the reader that finds it in bytes that pass by.

mod reader;
mod seen;
mod tokens;

pub use reader::Reader;
pub use seen::Seen;
pub use tokens::Usage;
