//! A request to a model.

use crate::neutral::{Block, Tool, ToolChoice};
use crate::warning::Warning;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// A request, whatever the dialect.
#[derive(Clone, Debug, Default)]
pub struct Request {
    pub model: String,
    pub stream: bool,
    /// The client wants the numbers of usage at the end of its stream (a question of the Chat dialect only).
    pub stream_usage: bool,
    /// Text blocks in front of the conversation, their borders kept.
    pub system: Vec<Block>,
    pub turns: Vec<Turn>,
    pub tools: Vec<Tool>,
    /// Of the client's tools that stand in a namespace: namespace and name there, by the name that they have here.
    pub namespaced: BTreeMap<String, (String, String)>,
    pub tool_choice: Option<ToolChoice>,
    /// More than one call in a turn.
    pub parallel_tools: Option<bool>,
    /// Bound of output tokens.
    pub max_tokens: Option<u64>,
    pub sampling: Sampling,
    pub reasoning: Reasoning,
    pub output: OutputFormat,
    /// The client's word for its user (`metadata.user_id`, `user`).
    pub user: Option<String>,
    /// The client's key of its prompt cache.
    pub cache_key: Option<String>,
    pub service_tier: Option<String>,
    /// Fields of the source dialect that have no place here. An encoder may use one; the others become warnings.
    pub rest: Vec<Rest>,
    /// What was lost on the way in.
    pub warnings: Vec<Warning>,
}

/// A field as it came.
#[derive(Clone, Debug)]
pub struct Rest {
    pub name: String,
    pub raw: Box<RawValue>,
}

/// What one side says before the other answers.
#[derive(Clone, Debug)]
pub struct Turn {
    pub role: Role,
    pub blocks: Vec<Block>,
}

/// Who speaks. A tool's results stand in the user's turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    User,
    Assistant,
    /// An instruction in the middle of the conversation.
    System,
}

/// How tokens are chosen.
#[derive(Clone, Debug, Default)]
pub struct Sampling {
    pub temperature: Option<serde_json::Number>,
    pub top_p: Option<serde_json::Number>,
    pub top_k: Option<u64>,
    pub stop: Vec<String>,
    pub seed: Option<serde_json::Number>,
    pub presence_penalty: Option<serde_json::Number>,
    pub frequency_penalty: Option<serde_json::Number>,
}

/// How much the model shall think.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reasoning {
    pub thought: Thought,
    pub effort: Option<Effort>,
    /// How thoughts are shown, in the source's words (`thinking.display`, `reasoning.summary`).
    pub shown: Option<String>,
}

/// Whether the model thinks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Thought {
    /// Nothing was said.
    #[default]
    Unset,
    Off,
    /// As much as the model finds right.
    Adaptive,
    /// At most so many tokens.
    Budget(u64),
}

/// Effort, least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effort {
    None,
    Minimal,
    Low,
    Medium,
    High,
    Xhigh,
    Max,
}

impl Effort {
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Minimal => "minimal",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Xhigh => "xhigh",
            Self::Max => "max",
        }
    }

    /// The effort of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::None, Self::Minimal, Self::Low, Self::Medium, Self::High, Self::Xhigh, Self::Max]
            .into_iter()
            .find(|effort| effort.name() == name)
    }

    /// The effort nearest to a budget of tokens.
    pub const fn of_budget(tokens: u64) -> Self {
        match tokens {
            0..=4_096 => Self::Low,
            4_097..=16_384 => Self::Medium,
            _ => Self::High,
        }
    }

    /// A budget of tokens for models that take no effort.
    pub const fn budget(self) -> u64 {
        match self {
            Self::None => 0,
            Self::Minimal => 1_024,
            Self::Low => 4_096,
            Self::Medium => 12_288,
            Self::High => 24_576,
            Self::Xhigh | Self::Max => 32_768,
        }
    }
}

/// What form the answer's text shall have.
#[derive(Clone, Debug, Default)]
pub enum OutputFormat {
    #[default]
    Text,
    /// Any JSON object.
    Json,
    /// JSON of a schema.
    Schema { name: Option<String>, schema: Box<RawValue>, strict: Option<bool> },
}
