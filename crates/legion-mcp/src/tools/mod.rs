//! The tools. One file each: what it says of itself, and what it does.

mod fire;
mod hire;
mod inbox;
mod interrupt;
mod logs;
mod status;
mod tell;
mod wait;

use serde_json::{Map, Value, json};

use crate::Caller;
use crate::answer::ToolError;
use crate::key::Key;

/// What a tool says of itself.
#[derive(Debug)]
pub(crate) struct Definition {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) description: &'static str,
    /// JSON Schema of the arguments.
    pub(crate) schema: Value,
    pub(crate) effect: Effect,
}

/// What a tool does to the organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Looks only.
    Reads,
    /// Adds something.
    Adds,
    /// Marks something; once or twice is the same.
    Marks,
    /// Ends work.
    Ends,
}

/// A tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tool {
    Hire,
    Tell,
    Interrupt,
    Fire,
    Status,
    Inbox,
    Logs,
    Wait,
}

impl Tool {
    /// All tools, in the order in which a model sees them.
    pub(crate) const ALL: [Self; 8] =
        [Self::Hire, Self::Tell, Self::Interrupt, Self::Fire, Self::Status, Self::Inbox, Self::Logs, Self::Wait];

    /// The tool of this name.
    pub(crate) fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tool| tool.name() == name)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Hire => hire::NAME,
            Self::Tell => tell::NAME,
            Self::Interrupt => interrupt::NAME,
            Self::Fire => fire::NAME,
            Self::Status => status::NAME,
            Self::Inbox => inbox::NAME,
            Self::Logs => logs::NAME,
            Self::Wait => wait::NAME,
        }
    }

    pub(crate) fn definition(self) -> Definition {
        match self {
            Self::Hire => hire::definition(),
            Self::Tell => tell::definition(),
            Self::Interrupt => interrupt::definition(),
            Self::Fire => fire::definition(),
            Self::Status => status::definition(),
            Self::Inbox => inbox::definition(),
            Self::Logs => logs::definition(),
            Self::Wait => wait::definition(),
        }
    }

    /// Does it. The key makes a repeat of the same call do nothing twice.
    pub(crate) async fn run(
        self,
        caller: &Caller,
        key: Key,
        arguments: Map<String, Value>,
    ) -> Result<Value, ToolError> {
        match self {
            Self::Hire => hire::run(caller, key, arguments).await,
            Self::Tell => tell::run(caller, key, arguments).await,
            Self::Interrupt => interrupt::run(caller, key, arguments).await,
            Self::Fire => fire::run(caller, key, arguments).await,
            Self::Status => status::run(caller, arguments).await,
            Self::Inbox => inbox::run(caller, key, arguments).await,
            Self::Logs => logs::run(caller, arguments).await,
            Self::Wait => wait::run(caller, arguments).await,
        }
    }
}

/// The longest task or message that the service takes, in characters: at most 1 MiB.
const TEXT_CHARS_MAX: u32 = 1024 * 1024;

/// The schema of an object with these properties and no others.
fn object(properties: Value, required: &[&str]) -> Value {
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

/// The schema of an agent's id.
fn agent_id(description: &str) -> Value {
    json!({"type": "string", "minLength": 1, "maxLength": 64, "description": description})
}
