use std::fmt;
use std::path::PathBuf;

/// What was done with each file, in the order of writing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InitReport {
    /// Paths relative to the repository's root.
    pub files: Vec<(PathBuf, InitOutcome)>,
}

/// What was done with one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InitOutcome {
    Created,
    /// Legion's section was put in or replaced.
    Updated,
    /// It had everything already.
    Unchanged,
    /// It is the person's own and has no section of Legion's.
    Kept,
    /// It leads to a file that is in the report already.
    SameFile,
    /// It imports a file that has the section.
    Imports,
}

/// A line for a person: a verb in the past.
impl fmt::Display for InitOutcome {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Unchanged => "unchanged",
            Self::Kept => "kept as it is",
            Self::SameFile => "the same file, written once",
            Self::Imports => "unchanged, imports AGENTS.md",
        })
    }
}
