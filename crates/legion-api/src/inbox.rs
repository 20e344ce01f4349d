use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Message;

/// The caller's inbox, oldest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Inbox {
    pub messages: Vec<Message>,
}

/// Acknowledges messages of the caller's inbox.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AckRequest {
    /// Ids to acknowledge; absent means all that the inbox holds now, except open approvals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub messages: Option<Vec<String>>,
}

/// How many messages were acknowledged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Acked {
    pub acked: u32,
}
