//! Processes: one start of an agent's program under its shim.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{AgentId, ProcessId};
use crate::money::MicroUsd;

/// How the words about a program begin that was never executed.
pub(crate) const NOT_EXECUTED: &str = "its program could not be started";

/// Where a process is in its life. The end removes it from the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProcessPhase {
    /// In the log; its shim is being started.
    Starting,
    /// Its program was executed.
    Live { pid: u32 },
}

/// Why a process is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StopReason {
    /// Its agent was fired.
    Fired,
    /// The run is being ended: interrupt, limit, hang.
    Run,
    /// It was warm for long enough.
    Warm,
    /// The service ends.
    Down,
}

/// How a process ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exit {
    Code(i32),
    Signal(i32),
    /// It wrote more than it may.
    OutputLimit,
    /// It took more of something than it may: what, in words that follow "it".
    ResourceLimit(String),
    /// No service came for it in time.
    Orphaned,
    /// It was never started: the program is missing, may not be executed, and so on.
    NotStarted(String),
    /// It vanished together with its shim.
    Lost,
}

impl Exit {
    /// What happened to the program, as part of a sentence.
    pub fn words(&self) -> String {
        match self {
            Self::Code(code) => format!("its program ended with exit code {code}"),
            Self::Signal(signal) => format!("its program was ended by signal {signal}"),
            Self::OutputLimit => "it wrote more than it may".to_owned(),
            Self::ResourceLimit(what) => format!("it {what}"),
            Self::Orphaned => "no service came for it in time".to_owned(),
            Self::NotStarted(reason) => format!("{NOT_EXECUTED}: {reason}"),
            Self::Lost => "its process vanished".to_owned(),
        }
    }
}

/// One process.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Process {
    pub id: ProcessId,
    pub agent: AgentId,
    /// 1, 2, 3 … within the agent.
    pub number: u32,
    /// Where its program works. Its agent may be fired before it has ended.
    pub cwd: String,
    pub phase: ProcessPhase,
    /// Place in its transcript up to which facts were taken: a number that grows from fact to fact.
    pub offset: u64,
    /// The running total of money that it reported last.
    pub cost_total: Option<MicroUsd>,
    /// Its calls come through the gateway, which knows what they cost.
    pub metered: bool,
    /// Since when it carries no run.
    pub idle_since: Option<Timestamp>,
    pub stopping: Option<StopReason>,
}
