use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Gate, GateVerdict, PlanDuration, TextOrList, TicketCounts};

/// Whether a session goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SessionPhase {
    Active,
    Completed,
}

impl SessionPhase {
    /// The word used in JSON and on screens.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Completed => "completed",
        }
    }
}

/// What the scheduler does when the declared files of two tickets overlap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Overlap {
    Warn,
    /// One waits until the other is merged.
    Hold,
}

/// What can be changed while a session runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SessionSettings {
    /// Attempts at the same time, 1 to 64.
    pub workers: u32,
    pub overlap: Overlap,
    /// Most attempts at the same time of each group.
    pub group_caps: BTreeMap<String, u32>,
    /// Gates of every landing.
    pub gates: Vec<Gate>,
    /// Globs of files that only a person may let through, besides the built-in ones.
    pub protect: Vec<String>,
}

/// Changes settings. What is absent stays as it is; in a new session, as it is by default.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionChanges {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workers: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overlap: Option<Overlap>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_caps: Option<BTreeMap<String, u32>>,
    /// Command line of every landing's gate, or a list of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<TextOrList>,
    /// How long each of these gates may take; 30 minutes when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate_timeout: Option<PlanDuration>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protect: Option<Vec<String>>,
}

/// What waits in the merge queue: an attempt at a ticket, or commits of the person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QueueItem {
    pub ticket: Option<u32>,
    /// Number of the import within the session.
    pub import: Option<u32>,
    /// Commit of the import.
    pub commit: Option<String>,
    /// Branch that the import comes from.
    pub branch: Option<String>,
}

/// A gate that runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct GateRun {
    pub id: String,
    pub gate: String,
    pub began_at: Timestamp,
    pub deadline: Timestamp,
}

/// The landing that is under way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Landing {
    pub id: String,
    pub item: QueueItem,
    /// Where the target stood.
    pub onto: String,
    pub began_at: Timestamp,
    /// The merge, once it is built.
    pub commit: Option<String>,
    /// Its tree, which the gates test.
    pub tree: Option<String>,
    pub gate: Option<GateRun>,
    /// Without what the gates wrote; the ticket has that.
    pub verdicts: Vec<GateVerdict>,
    /// Why it is tried again, when it is.
    pub why: Option<String>,
}

/// A named body of work in one repository.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Session {
    pub name: String,
    /// Directory of the project.
    pub project: String,
    /// Whether calls that name no session mean this one.
    pub current: bool,
    pub phase: SessionPhase,
    /// The person's branch that it began on.
    pub branch: Option<String>,
    /// The commit that it began with.
    pub base: String,
    /// Where the target branch stands.
    pub tip: String,
    /// The branch that holds what was merged, in the control repository.
    pub target_branch: String,
    pub settings: SessionSettings,
    pub opened_at: Timestamp,
    /// UUID or `root`.
    pub opened_by: String,
    pub tickets: TicketCounts,
    /// What waits to be landed, in order; the one that is being landed is not in it.
    pub queue: Vec<QueueItem>,
    pub landing: Option<Landing>,
    /// Landings that moved the target.
    pub merged: u32,
    pub conflicts: u32,
    /// Landings that a gate turned down.
    pub turned_down: u32,
    pub imports: u32,
    /// What became of the last twenty imports, oldest first.
    #[serde(default)]
    pub imported: Vec<ImportEnd>,
}

/// What became of commits of the person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportEnd {
    /// Number of the import within the session.
    pub number: u32,
    /// What was to come in.
    pub commit: String,
    /// Where the target stands with it; `null` when it did not get in.
    pub landed: Option<String>,
    pub why: String,
    pub at: Timestamp,
}

/// The sessions of a project, by name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SessionList {
    pub sessions: Vec<Session>,
}

/// Opens a session on a commit of the person's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenSession {
    /// Small letters, digits, `.`, `_` and `-`; begins with a letter or digit; at most 64.
    pub name: String,
    /// The commit that the target branch begins with, as its whole hash.
    pub commit: String,
    /// The person's branch that it stands on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// Absolute path of a git bundle with the commit. Not needed when the control repository has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bundle: Option<String>,
    #[serde(default)]
    pub settings: SessionChanges,
}

/// Brings new commits of the person into a session: they wait in the merge queue like everything else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportRequest {
    /// Whole hash.
    pub commit: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// Absolute path of a git bundle with the commit. Not needed when the control repository has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bundle: Option<String>,
}

/// The import is in the queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Imported {
    pub session: String,
    /// Number of the import within the session.
    pub number: u32,
}
