//! Why an answer ended, in this dialect's words.

use crate::neutral::Stop;

pub fn read(word: &str, sequence: Option<String>) -> Stop {
    match word {
        "end_turn" => Stop::EndTurn,
        "max_tokens" => Stop::MaxTokens,
        "tool_use" => Stop::ToolUse,
        "refusal" => Stop::Refusal,
        "pause_turn" => Stop::PauseTurn,
        "stop_sequence" => Stop::StopSequence(sequence),
        "model_context_window_exceeded" => Stop::ContextWindow,
        other => Stop::Other(other.to_owned()),
    }
}

/// The word, and the sequence that came up.
pub fn write(stop: &Stop) -> (&'static str, Option<&str>) {
    match stop {
        Stop::EndTurn | Stop::Other(_) => ("end_turn", None),
        Stop::MaxTokens => ("max_tokens", None),
        Stop::ToolUse => ("tool_use", None),
        Stop::Refusal => ("refusal", None),
        Stop::PauseTurn => ("pause_turn", None),
        Stop::StopSequence(sequence) => ("stop_sequence", sequence.as_deref()),
        Stop::ContextWindow => ("model_context_window_exceeded", None),
    }
}
