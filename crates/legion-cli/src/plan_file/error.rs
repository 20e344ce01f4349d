use std::fmt;
use std::io;

use super::read::PLAN_BYTES_MAX;

/// Why a plan could not be read. `file` is the name as it was given, or `standard input`.
#[derive(Debug, thiserror::Error)]
pub enum PlanFileError {
    #[error("there is no file `{file}`")]
    Missing { file: String },
    #[error("failed to read `{file}`")]
    Read {
        file: String,
        #[source]
        source: io::Error,
    },
    #[error("`{file}` is {what}, not a file")]
    NotAFile { file: String, what: &'static str },
    #[error("{file} is longer than {} MiB", PLAN_BYTES_MAX / (1024 * 1024))]
    TooLong { file: String },
    #[error("{file} is empty")]
    Empty { file: String },
    #[error("{file}:{at}: this is no text: {what}")]
    NotText { file: String, at: Position, what: String },
    /// Not TOML or JSON, or a value that has no place in a plan.
    #[error("{file}:{at}: {what}")]
    Format { file: String, at: Position, what: String },
}

/// A place in a text. Lines and characters are counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    pub line: usize,
    pub column: usize,
}

impl PlanFileError {
    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Missing { .. } => Some("`-` reads a plan from standard input"),
            Self::NotAFile { .. } => Some("name a file, or hand the plan in: `legion run - < PLAN.toml`"),
            Self::TooLong { .. } => {
                Some("cut it into several plans, or name files of the repository instead of quoting them")
            }
            Self::Empty { .. } => Some("a plan has at least one `[[ticket]]`; docs/plans.md shows one"),
            Self::NotText { .. } => Some("a plan is TOML or JSON in UTF-8"),
            Self::Read { .. } | Self::Format { .. } => None,
        }
    }
}

impl Position {
    /// The place of the byte at `offset`; behind the end it is the end.
    pub(super) fn of(text: &[u8], offset: usize) -> Self {
        let before = &text[..offset.min(text.len())];
        let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        Self {
            line: before.iter().filter(|byte| **byte == b'\n').count() + 1,
            column: String::from_utf8_lossy(&before[line_start..]).chars().count() + 1,
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.line, self.column)
    }
}
