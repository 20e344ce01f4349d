//! Tokens of a prompt, estimated: rather too many than too few.

mod image;
mod prompt;
mod text;

pub use prompt::{estimate, of_request};
