//! An allowance: money that the gateway may spend without asking again. It is logged before any of it is spent.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::money::NanoUsd;
use super::scope::Scope;
use crate::ids::{AgentId, ProjectId, RunId};
use crate::tickets::{SessionName, TicketId};

/// The identity of an allowance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AllowanceId(pub Uuid);

impl fmt::Display for AllowanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for AllowanceId {
    type Err = uuid::Error;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::parse_str(text).map(Self)
    }
}

/// Who spends: as it was when the allowance was opened. A call of the person has none of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Payer {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<ProjectId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// Agents above it, the nearest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub above: Vec<AgentId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket: Option<TicketId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionName>,
}

impl Payer {
    /// Everything that its money is counted for, the narrowest first. The day comes with the time.
    pub fn scopes(&self) -> Vec<Scope> {
        let run = self.run.map(Scope::Run);
        let own = self.agent.map(Scope::Agent);
        let subtrees = self.agent.iter().chain(&self.above).map(|agent| Scope::Subtree(*agent));
        let ticket = self.project.zip(self.ticket).map(|(project, ticket)| Scope::Ticket(project, ticket));
        let session = self.project.zip(self.session.clone()).map(|(project, name)| Scope::Session(project, name));
        run.into_iter().chain(own).chain(subtrees).chain(ticket).chain(session).collect()
    }
}

/// An allowance that is open, or was when the service ended without a word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allowance {
    pub id: AllowanceId,
    pub payer: Payer,
    /// What may be spent.
    pub granted: NanoUsd,
    /// What calls were charged to it. One call more than was granted may be in it.
    pub charged: NanoUsd,
    pub opened_at: Timestamp,
    /// When it was opened, or charged last.
    pub used_at: Timestamp,
    /// The service that spent it is gone, and did not say how much: all of it counts as spent until it is reconciled.
    pub orphaned: bool,
}

impl Allowance {
    /// What is set aside and not charged.
    pub fn rest(&self) -> NanoUsd {
        self.granted.less(self.charged)
    }
}
