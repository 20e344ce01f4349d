//! Globs over the paths of a repository: which paths one covers, and whether two can cover the same path.
//!
//! `*` and `?` stay inside a path's segment, `**` stands for any number of segments, `[a-z]` and `[!a-z]` for one character,
//! `{a,b}` for either; `\` takes a special meaning away. A directory covers all that lies below it: `src/db/`, and also `src/db`,
//! because a last segment without wildcards and extension may be one. Both answers are exact, and take time in the product of the lengths at most.

mod braces;
mod class;
mod matching;
mod overlap;
mod parse;
mod pattern;

pub use overlap::{first_overlap, overlaps};
pub use parse::GlobFault;
pub use pattern::{ALTERNATIVES_MAX, GLOB_BYTES_MAX, GROUPS_MAX, Glob};
