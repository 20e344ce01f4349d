//! The matrix of routes: who calls decides which provider and model answers, and which stand in.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::provider::ProviderName;
use crate::driver::DriverKind;
use crate::ids::{AgentId, ProjectId};
use crate::tickets::{SessionName, TicketId};

/// Whose calls a rule is about, from the widest to the narrowest: the narrowest that fits is taken, by the gateway.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RouteWho {
    Default,
    /// Agents that are run by this driver.
    Worker(DriverKind),
    /// Agents with this role, in every project.
    Role(String),
    Session(ProjectId, SessionName),
    Ticket(ProjectId, TicketId),
    Agent(AgentId),
}

/// What a rule is found by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RouteKey {
    pub who: RouteWho,
    /// Only for calls of sub-agents that the agent's program makes by itself.
    #[serde(default)]
    pub sub_agents: bool,
    /// Only for calls of sub-agents that the agent's program calls so. `sub_agents` says nothing more then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub_agent: Option<String>,
    /// Only for calls that ask for this model; a `*` at its end stands for anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<String>,
}

impl RouteKey {
    /// Bytes of a sub-agent's name.
    pub const SUB_AGENT_BYTES_MAX: usize = 100;

    pub fn of(who: RouteWho) -> Self {
        Self { who, sub_agents: false, sub_agent: None, asked: None }
    }
}

impl fmt::Display for RouteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.who {
            RouteWho::Default => f.write_str("default")?,
            RouteWho::Worker(driver) => write!(f, "worker {}", driver.as_str())?,
            RouteWho::Role(role) => write!(f, "role {role}")?,
            RouteWho::Session(_, session) => write!(f, "session {session}")?,
            RouteWho::Ticket(_, ticket) => write!(f, "ticket {ticket}")?,
            RouteWho::Agent(agent) => write!(f, "agent {agent}")?,
        }
        match &self.sub_agent {
            Some(name) => write!(f, ", sub-agents `{name}`")?,
            None => f.write_str(if self.sub_agents { ", sub-agents" } else { "" })?,
        }
        match &self.asked {
            Some(asked) => write!(f, ", asking for {asked}"),
            None => Ok(()),
        }
    }
}

/// A provider, and the model there. Without one, the model that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Target {
    pub provider: ProviderName,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

impl Target {
    /// Bytes of a model's name.
    pub const MODEL_BYTES_MAX: usize = 200;
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.model {
            Some(model) => write!(f, "{}/{model}", self.provider),
            None => self.provider.fmt(f),
        }
    }
}

impl FromStr for Target {
    type Err = String;
    /// `PROVIDER/MODEL`, or `PROVIDER` alone. A model's name may have further slashes in it.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (provider, model) = match text.split_once('/') {
            Some((provider, model)) => (provider, Some(model)),
            None => (text, None),
        };
        let formed = |model: &str| {
            !model.is_empty()
                && model.len() <= Self::MODEL_BYTES_MAX
                && model.bytes().all(|byte| byte.is_ascii_graphic())
        };
        if model.is_some_and(|model| !formed(model)) {
            let text = crate::body::clip(text, 80);
            return Err(format!("`{text}` is not a model: PROVIDER/MODEL is wanted, in printable ASCII"));
        }
        Ok(Self { provider: provider.parse()?, model: model.map(str::to_owned) })
    }
}

/// Where the calls of a rule go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    pub target: Target,
    /// Tried in this order when the one before cannot answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fallbacks: Vec<Target>,
}

impl Route {
    /// Fallbacks of one rule.
    pub const FALLBACKS_MAX: usize = 8;

    /// The target, then its fallbacks.
    pub fn targets(&self) -> impl Iterator<Item = &Target> {
        std::iter::once(&self.target).chain(&self.fallbacks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_read_as_it_is_written() {
        for text in ["openrouter/anthropic/claude-sonnet-4.5", "anthropic", "ollama/qwen3:8b"] {
            assert_eq!(text.parse::<Target>().expect(text).to_string(), text);
        }
        for bad in ["", "/m", "a/", "A/m", "a/m m", "a/m\n"] {
            assert!(bad.parse::<Target>().is_err(), "{bad:?} was taken");
        }
    }
}
