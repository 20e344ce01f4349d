//! Tokens of a prompt, estimated: rather too many than too few.

mod guess;
mod image;
mod prompt;
mod text;

pub use guess::guess;
pub use prompt::{estimate, of_request};
