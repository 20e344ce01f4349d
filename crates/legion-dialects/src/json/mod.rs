//! JSON without a tree: objects read one level at a time, the rest kept as the bytes that came; and a writer.

mod balance;
mod fields;
mod path;
mod read;
mod writer;

pub use balance::Balance;
pub use fields::Fields;
pub use path::Path;
pub use read::{array, boolean, decimal, is_object, number, objects, string, string_or, text_lossy};
pub use writer::Writer;
