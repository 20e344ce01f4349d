//! Messages: letters between members, with receipts.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::body::Body;
use crate::ids::{ApprovalId, InjectionId, MessageId, Party};

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MessageKind {
    Task,
    Tell,
    Redirect,
    Report,
    Notice,
    Approval,
}

impl MessageKind {
    /// The word in JSON and prompts.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Task => "task",
            Self::Tell => "tell",
            Self::Redirect => "redirect",
            Self::Report => "report",
            Self::Notice => "notice",
            Self::Approval => "approval",
        }
    }
}

/// When a message is delivered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Urgency {
    /// When the open run ends; opens a run of an idle agent.
    #[default]
    Queue,
    /// At the next tool boundary, where the driver can; else as `Queue`.
    Now,
    /// Before everything else that waits: what an interrupted agent shall do instead.
    First,
    /// With the next prompt; opens no run by itself.
    WithNext,
}

/// How far a message got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MessageState {
    Accepted,
    Injected,
    Seen,
    Acted,
    Expired,
}

/// A letter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    pub id: MessageId,
    pub from: Party,
    /// The sender's name when it was sent.
    pub from_name: String,
    pub to: Party,
    pub kind: MessageKind,
    pub body: Body,
    pub at: Timestamp,
    pub urgency: Urgency,
    pub by: Option<Timestamp>,
    pub approval: Option<ApprovalId>,
    pub state: MessageState,
    /// The write that carries it.
    pub injection: Option<InjectionId>,
    /// How often it was handed over.
    pub attempts: u32,
    /// Why it expired.
    pub reason: Option<String>,
}

impl Message {
    /// Whether nothing more will happen to it.
    pub fn is_settled(&self) -> bool {
        matches!(self.state, MessageState::Acted | MessageState::Expired)
    }
}
