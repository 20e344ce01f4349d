//! Plan files: TOML or JSON from a file or from standard input. A fault is told with its line, column, ticket and field.

mod error;
mod parse;
mod read;

pub use error::{PlanFileError, Position};
pub use parse::{PlanFormat, parse_plan};
pub use read::{PLAN_BYTES_MAX, read_plan};
