use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MessageKind {
    /// The task of a hire.
    Task,
    /// Told by someone.
    Tell,
    /// What an interrupted agent shall do instead.
    Redirect,
    /// A report's run ended.
    Report,
    /// Something a person or parent should know: a suspect agent, a missed deadline, a deadlock.
    Notice,
    /// A permission request; decide it with `legion approve` or `legion deny`.
    Approval,
}

/// How far a message got: accepted → injected → seen → acted, or expired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MessageState {
    /// In the log.
    Accepted,
    /// Being written to the agent.
    Injected,
    /// The agent's program has it.
    Seen,
    /// The run that saw it ended, or its reader acknowledged it.
    Acted,
    /// Its deadline passed before it was seen, or its reader is gone, or it could not be handled three times.
    Expired,
}

/// A letter from one member of the organisation to another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Message {
    pub id: String,
    /// UUID or `root`.
    pub from: String,
    pub from_name: String,
    /// UUID or `root`.
    pub to: String,
    pub kind: MessageKind,
    pub text: String,
    pub at: Timestamp,
    pub state: MessageState,
    /// Deadline of `tell --by`.
    pub by: Option<Timestamp>,
    /// The approval that this message asks for.
    pub approval: Option<String>,
    /// Why it expired.
    pub reason: Option<String>,
}
