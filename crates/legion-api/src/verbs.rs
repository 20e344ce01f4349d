use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Message, MessageState};

/// Tells an agent something.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TellRequest {
    /// 1 byte to 1 MiB.
    pub text: String,
    /// Deliver at the next tool boundary of a working agent, where its driver can; else when its turn ends.
    #[serde(default)]
    pub now: bool,
    /// If the agent has not seen it by then, the sender and the agent's parent are told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Timestamp>,
}

/// The sender's receipt: the message is in the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Told {
    /// Id of the message; its state can be asked for.
    pub id: String,
    pub to: String,
    pub state: MessageState,
    /// When it will reach the agent, in a few words.
    pub delivery: String,
}

/// Ends the turn of an agent; its conversation stays.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InterruptRequest {
    /// What it shall do instead; nothing means that it stops and waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct InterruptReply {
    pub id: String,
    /// The run that is being ended; null when the agent was idle.
    pub run: Option<String>,
    /// The message it goes on with.
    pub message: Option<Message>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct InterruptAllReply {
    /// Agents whose turn is being ended.
    pub interrupted: Vec<String>,
}

/// Options of a fire; they travel in the query.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FireRequest {
    /// Re-parent the reports to the fired agent's parent instead of firing them too.
    #[serde(default)]
    pub keep_reports: bool,
}

/// The answer to a fire. It comes when the processes are gone, at the latest after 10 s.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FireReply {
    /// Fired agents, the lowest first.
    pub fired: Vec<String>,
    /// Agents that now report to the fired agent's parent.
    pub kept: Vec<String>,
    /// True when no process of theirs is left.
    pub ended: bool,
}

/// One line that an agent wrote.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LogLine {
    pub at: Timestamp,
    /// `stdout` or `stderr`.
    pub stream: String,
    /// Invalid UTF-8 is shown with replacement characters; lines over 64 KiB are cut and say so.
    pub text: String,
}

/// The last lines that an agent wrote, oldest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LogPage {
    pub lines: Vec<LogLine>,
    /// Pass as `after` to get what came later.
    pub next: String,
}
