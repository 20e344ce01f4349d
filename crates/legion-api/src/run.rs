use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    Completed,
    Failed,
    Interrupted,
    /// A limit (turns, time, money, output) ended it.
    Limit,
    /// Its process was killed, or vanished.
    Killed,
}

impl Outcome {
    /// The word used in JSON and on screens.
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

/// Tokens. The four buckets do not overlap.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Usage {
    pub input_tokens: u64,
    pub output_tokens: u64,
    pub cache_read_tokens: u64,
    pub cache_write_tokens: u64,
}

/// One run of an agent: from a prompt to its outcome.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Run {
    pub id: String,
    /// 1, 2, 3 … within the agent.
    pub number: u32,
    pub started_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    /// Null while it is open.
    pub outcome: Option<Outcome>,
    /// Process id of the agent's program while it lives.
    pub pid: Option<u32>,
    /// The deadline that ends it, when it has one.
    pub deadline: Option<Timestamp>,
}

/// What a finished run brought. The answer of `wait`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RunResult {
    pub id: String,
    pub agent: String,
    pub number: u32,
    pub outcome: Outcome,
    /// Final text; for a `command` agent the end of its standard output (at most 16 KiB).
    pub result: String,
    /// What went wrong, when something did.
    pub error: Option<String>,
    pub exit_code: Option<i32>,
    pub usage: Usage,
    /// Dollars; null when the driver does not report money.
    pub cost_usd: Option<f64>,
    pub turns: Option<u32>,
    pub started_at: Timestamp,
    pub ended_at: Timestamp,
}
