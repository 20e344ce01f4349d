//! Runs: one activation of an agent, from a prompt to its outcome.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::body::Body;
use crate::ids::{InjectionId, MessageId, Party, ProcessId, RunId};
use crate::money::MicroUsd;

/// How a run ended. The same words everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    Completed,
    Failed,
    Interrupted,
    Limit,
    Killed,
}

impl Outcome {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
            Self::Limit => "limit",
            Self::Killed => "killed",
        }
    }
}

/// Tokens; the buckets do not overlap.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Usage {
    pub input_tokens: u64,
    pub output_tokens: u64,
    pub cache_read_tokens: u64,
    pub cache_write_tokens: u64,
}

impl std::ops::AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        self.input_tokens = self.input_tokens.saturating_add(other.input_tokens);
        self.output_tokens = self.output_tokens.saturating_add(other.output_tokens);
        self.cache_read_tokens = self.cache_read_tokens.saturating_add(other.cache_read_tokens);
        self.cache_write_tokens = self.cache_write_tokens.saturating_add(other.cache_write_tokens);
    }
}

/// What an agent's program said at the end of a turn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TurnReport {
    pub outcome: Outcome,
    pub text: Body,
    pub error: Option<String>,
    pub exit_code: Option<i32>,
    /// Of this turn.
    pub usage: Usage,
    /// Running total of money as the program reports it, when it does.
    pub cost_total: Option<MicroUsd>,
    /// The running total goes on over a resume (some versions start again at zero).
    #[serde(default)]
    pub cost_continues: bool,
    pub turns: Option<u32>,
}

/// A run that is being ended from outside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ending {
    pub outcome: Outcome,
    pub why: String,
    pub by: Option<Party>,
    pub at: Timestamp,
    /// The process is stopped, not only the turn.
    pub stop: bool,
}

/// An open run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    pub id: RunId,
    /// 1, 2, 3 … within the agent.
    pub number: u32,
    pub process: ProcessId,
    pub started_at: Timestamp,
    /// When its time is up.
    pub deadline: Option<Timestamp>,
    /// Writes of this run that are not seen yet, with the messages they carry. An empty list of messages is a prompt of our own.
    pub unseen: BTreeMap<InjectionId, Vec<MessageId>>,
    /// Messages that the agent has seen in this run.
    pub seen: Vec<MessageId>,
    /// The write that opened it; `None` when the agent's program opened the turn by itself.
    pub prompt: Option<InjectionId>,
    /// The prompt asks to go on with what was cut off.
    pub continues: bool,
    pub ending: Option<Ending>,
    /// How often it was asked to end: a turn that goes on after an interrupt can be interrupted again.
    #[serde(default)]
    pub interrupts: u32,
    /// Since when, and why it is under suspicion.
    pub suspect: Option<(Timestamp, String)>,
    /// Sums of the turns so far that did not end the run.
    pub usage: Usage,
    pub cost: Option<MicroUsd>,
    pub turns: Option<u32>,
}

/// A run that ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunSummary {
    pub id: RunId,
    pub number: u32,
    pub started_at: Timestamp,
    pub ended_at: Timestamp,
    pub outcome: Outcome,
    pub result: Body,
    pub error: Option<String>,
    pub exit_code: Option<i32>,
    pub usage: Usage,
    pub cost: Option<MicroUsd>,
    pub turns: Option<u32>,
}
