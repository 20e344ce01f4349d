use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The hash that a repository names its objects by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ObjectFormat {
    #[default]
    Sha1,
    Sha256,
}

/// Makes the control repository of a project, if it is missing. The project is chosen in the query; its directory makes it when it is new.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenRepository {
    /// That of the person's repository.
    #[serde(default)]
    pub format: ObjectFormat,
}

/// The control repository of a project: the one place where target branches live.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Repository {
    /// Directory of the project.
    pub project: String,
    /// Its path on the service's machine. Fetch from it; nothing but the service writes into it.
    pub control_dir: String,
    /// Where bundles are put for `bundle`; what lies there is deleted once it was taken in.
    pub import_dir: String,
    pub format: ObjectFormat,
    /// Commits that it has: a bundle need not hold what they reach.
    pub tips: Vec<String>,
}

/// What was cleared away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Garbage {
    pub clones: u32,
    pub agents: u32,
    pub gate_runs: u32,
    /// What could not be removed, and why.
    pub kept: Vec<String>,
}
