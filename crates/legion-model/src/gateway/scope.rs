//! What money is counted for: a run, an agent, everybody below it, a ticket, a session, a day.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ids::{AgentId, ProjectId, RunId};
use crate::tickets::{SessionName, TicketId};

/// One thing that money is counted for. Written `run:ID`, `ticket:PROJECT/3`, `day:2026-11-21` and so on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    Run(RunId),
    Agent(AgentId),
    /// The agent and everybody below it.
    Subtree(AgentId),
    Ticket(ProjectId, TicketId),
    Session(ProjectId, SessionName),
    /// A day in UTC, over all projects.
    Day(Date),
}

/// The kinds of scopes, from the narrowest to the widest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScopeKind {
    /// Each single call. Nothing is counted for it: only the call itself is held against it.
    Call,
    Run,
    Agent,
    Subtree,
    Ticket,
    Session,
    Day,
}

impl ScopeKind {
    pub const ALL: [Self; 7] =
        [Self::Call, Self::Run, Self::Agent, Self::Subtree, Self::Ticket, Self::Session, Self::Day];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Run => "run",
            Self::Agent => "agent",
            Self::Subtree => "subtree",
            Self::Ticket => "ticket",
            Self::Session => "session",
            Self::Day => "day",
        }
    }
}

impl FromStr for ScopeKind {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| {
            let words: Vec<&str> = Self::ALL.iter().map(|kind| kind.as_str()).collect();
            format!("nothing called `{}` has a budget; one of: {}", crate::body::clip(text, 40), words.join(", "))
        })
    }
}

impl Scope {
    pub fn kind(&self) -> ScopeKind {
        match self {
            Self::Run(_) => ScopeKind::Run,
            Self::Agent(_) => ScopeKind::Agent,
            Self::Subtree(_) => ScopeKind::Subtree,
            Self::Ticket(..) => ScopeKind::Ticket,
            Self::Session(..) => ScopeKind::Session,
            Self::Day(_) => ScopeKind::Day,
        }
    }

    /// For a sentence: `agent ann`, `ticket #3`, `the day 2026-11-21`. An agent without a name here is called by its id.
    pub fn called(&self, names: &BTreeMap<AgentId, String>) -> String {
        let name = |agent: &AgentId| names.get(agent).cloned().unwrap_or_else(|| agent.to_string());
        match self {
            Self::Run(_) => "this run".to_owned(),
            Self::Agent(agent) => format!("agent {}", name(agent)),
            Self::Subtree(agent) => format!("agent {} and everybody below it", name(agent)),
            Self::Ticket(_, ticket) => format!("ticket {ticket}"),
            Self::Session(_, session) => format!("session {session}"),
            Self::Day(day) => format!("the day {day} (UTC)"),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = self.kind().as_str();
        match self {
            Self::Run(run) => write!(f, "{word}:{run}"),
            Self::Agent(agent) | Self::Subtree(agent) => write!(f, "{word}:{agent}"),
            Self::Ticket(project, ticket) => write!(f, "{word}:{project}/{}", ticket.0),
            Self::Session(project, session) => write!(f, "{word}:{project}/{session}"),
            Self::Day(day) => write!(f, "{word}:{day}"),
        }
    }
}

impl FromStr for Scope {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fail = || format!("`{}` names nothing that money is counted for", crate::body::clip(text, 80));
        let (kind, of) = text.split_once(':').ok_or_else(fail)?;
        let in_project = || {
            let (project, of) = of.split_once('/')?;
            Some((project.parse().ok()?, of))
        };
        let scope = match kind.parse::<ScopeKind>()? {
            ScopeKind::Call => None,
            ScopeKind::Run => of.parse().ok().map(Self::Run),
            ScopeKind::Agent => of.parse().ok().map(Self::Agent),
            ScopeKind::Subtree => of.parse().ok().map(Self::Subtree),
            ScopeKind::Ticket => in_project().and_then(|(project, of)| Some(Self::Ticket(project, of.parse().ok()?))),
            ScopeKind::Session => in_project().and_then(|(project, of)| Some(Self::Session(project, of.parse().ok()?))),
            ScopeKind::Day => of.parse().ok().map(Self::Day),
        };
        scope.ok_or_else(fail)
    }
}

/// What a budget is set for: one thing, or each of its kind that has none of its own. Written `ticket:PROJECT/3`, or `ticket`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum BudgetOf {
    Each(ScopeKind),
    One(Scope),
}

impl fmt::Display for BudgetOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Each(kind) => f.write_str(kind.as_str()),
            Self::One(scope) => scope.fmt(f),
        }
    }
}

impl FromStr for BudgetOf {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.contains(':') { text.parse().map(Self::One) } else { text.parse().map(Self::Each) }
    }
}

/// Both are keys of maps: written as text.
macro_rules! as_text {
    ($($name:ident),*) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

as_text!(Scope, BudgetOf);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let uuid = uuid::Uuid::from_u128(9);
        let scopes = [
            Scope::Run(RunId(uuid)),
            Scope::Agent(AgentId(uuid)),
            Scope::Subtree(AgentId(uuid)),
            Scope::Ticket(ProjectId(uuid), TicketId(3)),
            Scope::Session(ProjectId(uuid), "shop".parse().expect("a name")),
            Scope::Day("2026-11-21".parse().expect("a date")),
        ];
        for scope in scopes {
            assert_eq!(scope.to_string().parse(), Ok(scope.clone()));
            assert_eq!(scope.to_string().parse(), Ok(BudgetOf::One(scope)));
        }
        assert_eq!("day".parse(), Ok(BudgetOf::Each(ScopeKind::Day)));
        for bad in ["", "week", "day:", "call:x", "ticket:3", "ticket:x/3", "agent:root"] {
            assert!(bad.parse::<BudgetOf>().is_err(), "{bad} was taken");
        }
    }
}
