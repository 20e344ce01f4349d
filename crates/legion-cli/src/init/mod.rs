//! What `legion init` writes into a repository: instructions for agents, a command, configuration, rules what git ignores.
//!
//! Everything is decided before anything is written, and only what is Legion's own is ever replaced: a section between two marks.

mod error;
mod replace;
mod report;
mod repository;
mod section;
mod target;

pub use error::{InitError, InitFault};
pub use report::{InitOutcome, InitReport};
pub use repository::write_all;
pub use section::SectionFault;
