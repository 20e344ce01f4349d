//! What a ticket asks for.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::names::TicketId;
use crate::body::{Body, clip};
use crate::driver::DriverKind;
use crate::ids::GateId;

/// What becomes of a ticket when one that it waits for ends without being merged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnUpstream {
    /// It is closed as skipped.
    Skip,
    /// It is closed as an error.
    Fail,
    /// It waits, for at most [`Bounds::upstream_ms`](crate::Bounds), for somebody to mend the other one.
    #[default]
    Wait,
}

/// A word that is no policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not `skip`, `fail` or `wait`", clip(.0, 40))]
pub struct NoPolicy(String);

impl FromStr for OnUpstream {
    type Err = NoPolicy;

    fn from_str(word: &str) -> Result<Self, NoPolicy> {
        match word {
            "skip" => Ok(Self::Skip),
            "fail" => Ok(Self::Fail),
            "wait" => Ok(Self::Wait),
            _ => Err(NoPolicy(word.to_owned())),
        }
    }
}

/// What becomes of a ticket when this one that it waits for ends without being merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpstreamPolicy {
    pub upstream: TicketId,
    pub on_upstream: OnUpstream,
}

/// A command that decides whether a tree is good: exit code 0.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct GateSpec {
    /// For people: the command, or a name from the project's configuration.
    pub name: String,
    /// Run by `sh -c` in a checkout of exactly the tree in question.
    pub command: String,
    pub timeout_s: u64,
}

/// The name space of gate ids.
const GATES: Uuid = Uuid::from_u128(0x6c65_6769_6f6e_4761_8000_7465_7365_7473);

impl GateSpec {
    /// The same command under the same limit is the same gate.
    pub fn id(&self) -> GateId {
        GateId(Uuid::new_v5(&GATES, format!("{}\0{}", self.timeout_s, self.command).as_bytes()))
    }
}

/// A ticket's content. Everything is resolved: no default is left to be looked up later.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TicketSpec {
    pub title: String,
    /// What to do. Empty for a checkpoint that only runs its gates.
    pub prompt: Body,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<Body>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub criteria: Vec<String>,
    /// Files and conventions to keep to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Body>,
    #[serde(default)]
    pub checkpoint: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gates: Vec<GateSpec>,
    /// Globs of files that it means to touch.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// For caps on how many of a kind work at the same time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Only this worker takes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<u32>,
    /// `None` for a checkpoint without an agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub driver: Option<DriverKind>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Tries that may fail their verification, 1 to 10.
    pub max_attempts: u32,
    /// Seconds that one run of its agent may take.
    pub timeout_s: u64,
    /// For those that it waits for without a policy of their own.
    #[serde(default)]
    pub on_upstream: OnUpstream,
}

impl TicketSpec {
    /// Whether an agent works on it.
    pub fn has_agent(&self) -> bool {
        self.driver.is_some()
    }
}

/// A ticket to be added. What it waits for comes with what becomes of it when that ends without being merged.
#[derive(Debug, Clone, PartialEq)]
pub struct NewTicket {
    /// The id that its plan gave it.
    pub local: Option<String>,
    pub spec: TicketSpec,
    /// Tickets that are there already.
    pub after: BTreeMap<TicketId, OnUpstream>,
    /// Tickets of the same batch, by index from 0.
    pub after_new: BTreeMap<usize, OnUpstream>,
}

/// What a retry changes. `None` leaves it as it is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TicketChanges {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt: Option<Body>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<Body>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub criteria: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gates: Option<Vec<GateSpec>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_attempts: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_s: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files: Option<Vec<String>>,
}

impl TicketChanges {
    pub(super) fn apply(&self, spec: &mut TicketSpec) {
        fn set<T: Clone>(slot: &mut T, value: &Option<T>) {
            if let Some(value) = value {
                slot.clone_from(value);
            }
        }
        set(&mut spec.prompt, &self.prompt);
        set(&mut spec.criteria, &self.criteria);
        set(&mut spec.gates, &self.gates);
        set(&mut spec.max_attempts, &self.max_attempts);
        set(&mut spec.timeout_s, &self.timeout_s);
        set(&mut spec.files, &self.files);
        if self.context.is_some() {
            spec.context.clone_from(&self.context);
        }
        if self.model.is_some() {
            spec.model.clone_from(&self.model);
        }
        if self.command.is_some() {
            spec.command.clone_from(&self.command);
        }
    }
}
