//! Why an answer ended.

/// Why an answer ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Stop {
    /// The model was done.
    EndTurn,
    /// The bound of output tokens was reached.
    MaxTokens,
    /// Tools are to be run.
    ToolUse,
    /// The provider or the model declined.
    Refusal,
    /// The provider asks to be called again with what it said so far.
    PauseTurn,
    /// One of the wished sequences came up.
    StopSequence(Option<String>),
    /// The context window is full.
    ContextWindow,
    /// A word that no dialect here knows.
    Other(String),
}
