use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Driver;

/// What becomes of an agent's open run when its process did not survive a restart of the service.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OnRestart {
    /// It comes back idle and its parent is told.
    #[default]
    Idle,
    /// Its run is taken up again.
    Resume,
}

/// Paths that an agent may reach: below its working directory, or absolute; each with everything below it (`PATH` and `PATH/**` are
/// the same).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Permissions {
    pub read: Vec<String>,
    /// May be read and changed; nothing in them may be executed unless it is in `execute` too.
    pub write: Vec<String>,
    /// May be read and executed.
    pub execute: Vec<String>,
}

/// Hires an agent below the caller. All but the task have defaults: the parent's model, directory and tools.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HireRequest {
    /// What the agent shall do; 1 byte to 1 MiB.
    pub task: String,
    /// Letters, digits, `-`, `_` and `.`; at most 64; unique among its living siblings. Made from the task when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub driver: Option<Driver>,
    /// Program line of a `command` agent, as a shell would split it (quotes and backslashes; no expansion).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Working directory, absolute; inside the parent's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tools: Option<Vec<String>>,
    /// `default`, `acceptEdits` (the default), `plan` or `dontAsk`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permission_mode: Option<String>,
    /// How it is held: `full`, `landlock` or `none`. At least as its parent; the service's default below the person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<String>,
    /// Paths that it may reach; the parent's when absent, or everything in its directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Permissions>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_turns: Option<u32>,
    /// Seconds that one run may take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<u64>,
    /// Dollars for it and its subtree; at most what is left of the parent's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget_usd: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headcount: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub depth: Option<u32>,
    /// Models that it and its subtree may use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub models: Option<Vec<String>>,
    /// Hire below this agent instead of below the caller; it must be in the caller's subtree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// Files that matter for the task, named in its first prompt (paths inside `cwd`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_restart: Option<OnRestart>,
}

/// The answer to a hire: the agent is in the log, its process is being started.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Hired {
    pub id: String,
    pub name: String,
    /// UUID of the parent, or `root`.
    pub parent: String,
    pub level: u32,
    pub driver: Driver,
    pub model: Option<String>,
    pub cwd: String,
    pub project: String,
    /// How it is held: `full`, `landlock` or `none`.
    pub tier: String,
    /// What the driver or the tier cannot enforce of what was asked, in plain sentences.
    pub warnings: Vec<String>,
}
