//! A session: a named body of work in one repository, with its tickets and its target branch.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::landing::{Item, Landing};
use super::names::SessionName;
use super::spec::GateSpec;
use crate::ids::Party;

/// What the scheduler does when the declared files of two tickets overlap.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Overlap {
    #[default]
    Warn,
    /// One waits until the other is merged.
    Hold,
}

/// What can be changed while a session runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SessionSettings {
    /// Attempts at the same time, 1 to 64.
    pub workers: u32,
    #[serde(default)]
    pub overlap: Overlap,
    /// Most attempts at the same time of each group.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub group_caps: BTreeMap<String, u32>,
    /// Gates of every landing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gates: Vec<GateSpec>,
    /// Globs of files that only a person may let through, besides the built-in ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub protect: Vec<String>,
}

impl Default for SessionSettings {
    fn default() -> Self {
        Self { workers: 2, overlap: Overlap::Warn, group_caps: BTreeMap::new(), gates: Vec::new(), protect: Vec::new() }
    }
}

/// Whether it goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SessionPhase {
    Active,
    Completed,
}

/// One session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Session {
    pub name: SessionName,
    /// The commit that it began with.
    pub base: String,
    /// The person's branch that it began on.
    pub branch: Option<String>,
    pub settings: SessionSettings,
    pub phase: SessionPhase,
    pub opened_at: Timestamp,
    pub opened_by: Party,
    /// Where the target branch stands: moved by landings only.
    pub tip: String,
    /// What waits to be landed, in order. The one that is being landed is not in it.
    pub queue: VecDeque<Item>,
    pub landing: Option<Landing>,
    /// Landings and imports so far: numbers that ids are derived from.
    pub landings: u32,
    pub imports: u32,
    /// Landings that moved the target, conflicts, and landings that a gate turned down.
    pub merged: u32,
    pub conflicts: u32,
    pub turned_down: u32,
    /// What became of the last imports, oldest first.
    pub imported: VecDeque<ImportEnd>,
}

/// What became of commits of the person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImportEnd {
    pub number: u32,
    /// What was to come in.
    pub commit: String,
    /// Where the target stands with it. `None`: it did not get in.
    pub landed: Option<String>,
    pub why: String,
    pub at: Timestamp,
}

impl Session {
    /// Imports whose end is remembered.
    pub const IMPORTED_MAX: usize = 20;
}
