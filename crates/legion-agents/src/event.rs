//! What agent programs do, in one vocabulary for all drivers.

use serde_json::Value;
use uuid::Uuid;

use legion_model::MicroUsd;

/// Tokens of one turn; the buckets do not overlap.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    pub input_tokens: u64,
    pub output_tokens: u64,
    pub cache_read_tokens: u64,
    pub cache_write_tokens: u64,
}

/// How a turn ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TurnOutcome {
    Completed,
    Failed,
    Interrupted,
    Limit,
}

/// One normalised thing that an agent's program did.
#[derive(Debug, Clone, PartialEq)]
pub enum AgentEvent {
    /// The program is ready; says what it is.
    Ready {
        program_version: Option<String>,
        session: Option<String>,
    },
    Text {
        text: String,
    },
    Thought {
        text: String,
    },
    ToolCall {
        id: String,
        name: String,
        input: Value,
    },
    ToolResult {
        id: String,
        text: String,
        is_error: bool,
    },
    /// The program took up a message that we wrote.
    InputSeen {
        injection: Uuid,
    },
    ApprovalWanted {
        request: String,
        tool: String,
        input: Value,
        tool_use: Option<String>,
    },
    ApprovalWithdrawn {
        request: String,
    },
    /// The program asks its host for something we do not know: it must be answered with an error.
    HostRequest {
        request: String,
        subtype: String,
    },
    /// The answer to a control request of ours.
    ControlAnswered {
        request: String,
        ok: bool,
        error: Option<String>,
        body: Value,
    },
    /// Alive, waiting for its provider.
    Retrying {
        attempt: u32,
        status: Option<u16>,
        error: String,
    },
    BackgroundStarted {
        id: String,
    },
    BackgroundEnded {
        id: String,
    },
    TurnStarted,
    TurnEnded {
        outcome: TurnOutcome,
        text: String,
        error: Option<String>,
        usage: Usage,
        /// Cumulative, as the program reports it.
        cost_total: Option<MicroUsd>,
        turns: Option<u32>,
        denials: Vec<String>,
    },
    Other {
        kind: String,
    },
    /// Not in the program's protocol.
    Garbage {
        line_prefix: String,
    },
}
