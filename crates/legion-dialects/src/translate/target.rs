//! Where a request goes.

/// Whether the upstream can do something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Support {
    /// Judged by the model's name.
    #[default]
    Auto,
    Yes,
    No,
}

impl Support {
    /// The answer, with `judged` where nothing is said.
    pub fn or(self, judged: bool) -> bool {
        match self {
            Self::Auto => judged,
            Self::Yes => true,
            Self::No => false,
        }
    }
}

/// The upstream that a request is written for. The default is a plain compatible server.
#[derive(Clone, Debug, Default)]
pub struct Target {
    /// The name of the provider in the settings; marks its signatures. Never empty in use.
    pub provider: String,
    /// The model in the provider's words.
    pub model: String,
    /// The upstream is Anthropic itself: attribution blocks and beta fields go through.
    pub anthropic_itself: bool,
    /// The model's own bound of output tokens, where known.
    pub output_tokens_max: Option<u64>,
    /// Chat: `max_completion_tokens` instead of `max_tokens`.
    pub max_completion_tokens: Support,
    /// Chat: the model takes `reasoning_effort`.
    pub effort: Support,
    /// Anthropic: the model takes `thinking: adaptive` with an effort instead of a budget.
    pub adaptive_thinking: Support,
    /// Chat: thoughts of the past are sent back as `reasoning_content` (DeepSeek, Kimi need it; others refuse it).
    pub reasoning_content: bool,
    /// Chat: answers carry thoughts as `<think>…</think>` in front of their text.
    pub inline_thinking: bool,
    /// Chat: the upstream forwards `cache_control` (OpenRouter).
    pub cache_control: bool,
    /// Chat, Responses: what to send as `prompt_cache_key` when the client gave none; the session's id, stable over its calls.
    pub cache_key: Option<String>,
    /// Anthropic: cache markers are set when the client's dialect has none.
    pub cache_markers: bool,
    /// Anthropic: a `system` message may stand in the middle of the conversation.
    pub system_turns: bool,
    /// So many turns at the beginning of the client's history (of Responses: items) are from before the conversation changed its
    /// upstream: signatures without a mark in them were made by another provider.
    pub foreign_turns: usize,
    /// Anthropic: beta flags that an upstream other than Anthropic itself takes.
    pub betas: Vec<String>,
    /// Schema keywords that this upstream refuses, such as `$schema`.
    pub keywords_refused: Vec<String>,
}
