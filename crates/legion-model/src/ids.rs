//! Identities. Each noun has its own type, so that two of them cannot be mixed up.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { self.0.fmt(f) }
        }
        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> { Uuid::parse_str(text).map(Self) }
        }
    )*};
}

id! {
    /// A project: a repository, or a directory without one.
    ProjectId;
    /// A lasting identity in the hierarchy. Also the session id of its conversation.
    AgentId;
    /// One activation of an agent, from a prompt to its outcome.
    RunId;
    /// One start of an agent's program under its shim. It carries one or more runs.
    ProcessId;
    /// A letter.
    MessageId;
    /// One write into an agent's program; idempotent under this id.
    InjectionId;
    /// A permission request.
    ApprovalId;
    /// One attempt at a ticket. It is the token that every fact about the attempt must name.
    AttemptId;
    /// One try to move a target branch.
    LandingId;
    /// One execution of a gate.
    GateRunId;
    /// A gate by its content: the same command, limits and environment have the same id.
    GateId;
}

/// An id that follows from another one: the same base, word and number give the same id, on every replay.
///
/// UUID version 5 (RFC 9562), with the base as its name space.
pub(crate) fn derived(base: Uuid, word: &str, number: u64) -> Uuid {
    Uuid::new_v5(&base, format!("{word}/{number}").as_bytes())
}

impl AgentId {
    /// The id of its `number`-th run.
    pub fn run(self, number: u32) -> RunId {
        RunId(derived(self.0, "run", u64::from(number)))
    }
    /// The id of its `number`-th process.
    pub fn process(self, number: u32) -> ProcessId {
        ProcessId(derived(self.0, "process", u64::from(number)))
    }
    /// The id of its `number`-th injection.
    pub fn injection(self, number: u32) -> InjectionId {
        InjectionId(derived(self.0, "injection", u64::from(number)))
    }
}

/// A member of the organisation: the person, or an agent. Written `root`, or the agent's UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Party {
    Root,
    Agent(AgentId),
}

impl Party {
    /// The agent, unless it is the person.
    pub fn agent(self) -> Option<AgentId> {
        match self {
            Self::Root => None,
            Self::Agent(id) => Some(id),
        }
    }
}

impl From<AgentId> for Party {
    fn from(id: AgentId) -> Self {
        Self::Agent(id)
    }
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => f.write_str("root"),
            Self::Agent(id) => id.fmt(f),
        }
    }
}

impl FromStr for Party {
    type Err = uuid::Error;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "root" { Ok(Self::Root) } else { text.parse().map(Self::Agent) }
    }
}

impl Serialize for Party {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Party {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
