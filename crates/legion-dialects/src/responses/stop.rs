//! Why an answer ended, in this dialect's words.

use crate::neutral::Stop;

/// Reads the status and the reason of incompleteness.
pub fn read(incomplete: Option<&str>, has_calls: bool, refused: bool) -> Stop {
    match incomplete {
        Some("max_output_tokens" | "max_tokens") => Stop::MaxTokens,
        Some("content_filter") => Stop::Refusal,
        Some(other) => Stop::Other(other.to_owned()),
        None if has_calls => Stop::ToolUse,
        None if refused => Stop::Refusal,
        None => Stop::EndTurn,
    }
}

/// The reason of incompleteness; `None` when the answer is complete.
pub fn incomplete(stop: &Stop) -> Option<&'static str> {
    match stop {
        Stop::MaxTokens | Stop::ContextWindow => Some("max_output_tokens"),
        Stop::Refusal => Some("content_filter"),
        Stop::EndTurn | Stop::ToolUse | Stop::PauseTurn | Stop::StopSequence(_) | Stop::Other(_) => None,
    }
}

/// The status of an answer that ended like that.
pub fn status(stop: &Stop) -> &'static str {
    if incomplete(stop).is_some() { "incomplete" } else { "completed" }
}
