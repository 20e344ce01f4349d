use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Driver, TextOrList};

/// What a role does in a team.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Duty {
    /// Does the work of the ticket.
    Write,
    /// Looks at the work and lets it through or sends it back.
    Review,
    /// Tries the work against the criteria, after all reviews.
    Verify,
}

impl Duty {
    /// The word used in JSON and on screens.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Write => "write",
            Self::Review => "review",
            Self::Verify => "verify",
        }
    }
}

/// How an agent is told to behave, and what it is run with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Role {
    /// Small letters, digits and `_`.
    pub id: String,
    pub name: String,
    pub description: String,
    pub duty: Duty,
    /// Put before the assignment.
    pub prompt: String,
    /// Of one that judges or resolves: instead of the ticket's own. Of one that writes: where the ticket names none.
    pub driver: Option<Driver>,
    /// Program line of a `command` agent.
    pub command: Option<String>,
    pub model: Option<String>,
    pub builtin: bool,
}

/// Roles in order, each a step of the ticket with its own agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Team {
    /// Small letters, digits and `_`.
    pub id: String,
    pub name: String,
    pub description: String,
    pub roles: Vec<String>,
    /// Told to every member.
    pub prompt: String,
    pub builtin: bool,
}

/// Built-in roles and the user's own, by id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RoleList {
    pub roles: Vec<Role>,
}

/// Built-in teams and the user's own, by id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TeamList {
    pub teams: Vec<Team>,
}

/// Makes or replaces a role. The id of a built-in one gives that role other words, driver or model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RoleRequest {
    /// The id when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default)]
    pub description: String,
    pub duty: Duty,
    pub prompt: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub driver: Option<Driver>,
    /// Program of a `command` agent: a line that is split as a shell would, or a list of words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<TextOrList>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

/// Makes or replaces a team.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TeamRequest {
    /// The id when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default)]
    pub description: String,
    /// Ids of roles; 1 to 8.
    pub roles: Vec<String>,
    /// Told to every member.
    #[serde(default)]
    pub prompt: String,
}
