//! What a tool is, and which there are.

use serde_json::{Map, Value};

use super::{
    check, delete, deps, diff, dispatch, fire, hire, inbox, interrupt, logs, plan, report, rescues, retry, roles,
    sessions, status, stop, teams, tell, wait, why,
};
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
    Dispatch,
    Plan,
    Check,
    Why,
    Deps,
    Diff,
    Retry,
    Stop,
    Delete,
    Rescues,
    Sessions,
    Teams,
    Roles,
    Report,
}

impl Tool {
    /// All tools, in the order in which a model sees them.
    pub(crate) const ALL: [Self; 22] = [
        Self::Hire,
        Self::Tell,
        Self::Interrupt,
        Self::Fire,
        Self::Status,
        Self::Inbox,
        Self::Logs,
        Self::Wait,
        Self::Dispatch,
        Self::Plan,
        Self::Check,
        Self::Why,
        Self::Deps,
        Self::Diff,
        Self::Retry,
        Self::Stop,
        Self::Delete,
        Self::Rescues,
        Self::Sessions,
        Self::Teams,
        Self::Roles,
        Self::Report,
    ];

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
            Self::Dispatch => dispatch::NAME,
            Self::Plan => plan::NAME,
            Self::Check => check::NAME,
            Self::Why => why::NAME,
            Self::Deps => deps::NAME,
            Self::Diff => diff::NAME,
            Self::Retry => retry::NAME,
            Self::Stop => stop::NAME,
            Self::Delete => delete::NAME,
            Self::Rescues => rescues::NAME,
            Self::Sessions => sessions::NAME,
            Self::Teams => teams::NAME,
            Self::Roles => roles::NAME,
            Self::Report => report::NAME,
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
            Self::Dispatch => dispatch::definition(),
            Self::Plan => plan::definition(),
            Self::Check => check::definition(),
            Self::Why => why::definition(),
            Self::Deps => deps::definition(),
            Self::Diff => diff::definition(),
            Self::Retry => retry::definition(),
            Self::Stop => stop::definition(),
            Self::Delete => delete::definition(),
            Self::Rescues => rescues::definition(),
            Self::Sessions => sessions::definition(),
            Self::Teams => teams::definition(),
            Self::Roles => roles::definition(),
            Self::Report => report::definition(),
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
            Self::Dispatch => dispatch::run(caller, key, arguments).await,
            Self::Plan => plan::run(caller, key, arguments).await,
            Self::Check => check::run(caller, arguments).await,
            Self::Why => why::run(caller, arguments).await,
            Self::Deps => deps::run(caller, arguments).await,
            Self::Diff => diff::run(caller, arguments).await,
            Self::Retry => retry::run(caller, key, arguments).await,
            Self::Stop => stop::run(caller, key, arguments).await,
            Self::Delete => delete::run(caller, key, arguments).await,
            Self::Rescues => rescues::run(caller, arguments).await,
            Self::Sessions => sessions::run(caller, arguments).await,
            Self::Teams => teams::run(caller, arguments).await,
            Self::Roles => roles::run(caller, arguments).await,
            Self::Report => report::run(caller, key, arguments).await,
        }
    }
}
