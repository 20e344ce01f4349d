use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Which state of a ticket's work a diff shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DiffOf {
    /// Its clone as it is now, uncommitted files included.
    Working,
    /// What its attempt left.
    Collected,
    /// What was merged.
    Merged,
    /// What was secured before its clone was removed.
    Rescued,
}

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FileStatus {
    Added,
    Modified,
    Deleted,
    Renamed,
}

/// A file that a ticket changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DiffFile {
    pub path: String,
    /// Null where it is not known.
    pub status: Option<FileStatus>,
    pub additions: u64,
    pub deletions: u64,
    pub binary: bool,
}

/// What a ticket changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Diff {
    pub ticket: u32,
    pub of: DiffOf,
    /// Commit or tree that it is compared with.
    pub from: String,
    pub to: String,
    pub files: Vec<DiffFile>,
    /// Unified diff.
    pub text: String,
    /// The text is longer than what may be sent: its end is missing.
    pub cut: bool,
}
