use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Files of a ticket's clone that were secured before something was reset or removed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Rescue {
    pub ticket: u32,
    pub title: String,
    /// Whether the ticket was deleted.
    pub deleted: bool,
    /// 1, 2, 3 … within the ticket, oldest first.
    pub number: u32,
    /// The clone that they come from.
    pub place: String,
    /// Commit that holds every tracked and untracked file that was not ignored.
    pub commit: String,
    /// Reference in the control repository.
    pub reference: String,
    pub at: Timestamp,
}

/// Rescues by ticket, oldest first. Deleted tickets have them, too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RescueList {
    pub rescues: Vec<Rescue>,
}

/// Brings secured files back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UndeleteRequest {
    /// Number of the rescue; the newest when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rescue: Option<u32>,
    /// Absolute path of a directory that is made for them; it must not exist.
    pub into: String,
}

/// The files are there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Undeleted {
    pub rescue: Rescue,
    pub into: String,
}
